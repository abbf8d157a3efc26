"""The command tree, one line per command, and the real dependencies that commands get."""

import importlib
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from wattos_cli.clients.plain_http import PlainHttp
from wattos_cli.console import Console, terminal_columns
from wattos_cli.deps import Deps, Gateway
from wattos_cli.dispatch import globals as global_options
from wattos_cli.dispatch import quick
from wattos_cli.dispatch.tree import Entry, with_default_verb
from wattos_cli.errors import ExitCode, WattosError

COMPLETION_VARIABLE = "_WATTOS_COMPLETE"
_COMMANDS = "wattos_cli.commands"
_WIDTH = 100
"""Columns of what is written where no terminal says how many it has."""

_RUN, _SEE, _USE, _SET = "Run the platform", "See how it is", "Use it", "Set it up"


def _entry(section: str, name: str, summary: str) -> Entry:
    return Entry(name, summary, f"{_COMMANDS}.{name}", section=section)


def _verb(noun: str, name: str, summary: str) -> Entry:
    return Entry(name, summary, f"{_COMMANDS}.{noun}.{name}")


TREE: tuple[Entry, ...] = (
    _entry(_RUN, "up", "Start the platform, or what is missing of it; wait until ready."),
    _entry(_RUN, "down", "Stop the platform; nothing stays behind."),
    _entry(_RUN, "restart", "Restart services while the others keep serving."),
    _entry(_SEE, "ps", "Show every service and its state."),
    _entry(_SEE, "health", "Probe all services in parallel."),
    _entry(_SEE, "logs", "Show the services' log lines in the order of time."),
    Entry(
        "metrics",
        "Show requests, models and breakers in figures; ask them in PromQL.",
        children=(
            _verb("metrics", "overview", "Show services, models, caches and breakers in figures."),
            _verb("metrics", "list", "List the metrics that were scraped: type, unit, last value."),
            _verb("metrics", "query", "Ask the metrics of the past day in PromQL."),
        ),
        default_verb="overview",
        section=_SEE,
    ),
    _entry(_SEE, "cost", "Show tokens and US dollars by provider, model, tenant or day."),
    Entry(
        "breaker",
        "Show and steer the circuit breakers of every service.",
        children=(
            _verb("breaker", "list", "List every breaker of every replica."),
            _verb("breaker", "show", "Show one breaker in every replica that has it."),
            _verb("breaker", "trip", "Refuse every call through a breaker, for a time or until reset."),
            _verb("breaker", "reset", "Close a breaker and forget what it counted."),
            _verb("breaker", "watch", "Follow the changes of state."),
        ),
        section=_SEE,
    ),
    _entry(_SEE, "doctor", "Find what is wrong with this machine and say how to mend it."),
    _entry(
        _SEE, "export", "Pack logs, metrics, states, health, breakers and configuration, without secrets."
    ),
    _entry(_USE, "ingest", "Upload documents into a knowledge space."),
    _entry(_USE, "ask", "Ask a question and get a cited answer."),
    Entry(
        "token",
        "Make and revoke credentials for the gateway.",
        children=(
            _verb("token", "create", "Make a key (or a JWT) for a tenant and a role."),
            _verb("token", "revoke", "Revoke a key or a JWT."),
        ),
        section=_USE,
    ),
    _entry(_USE, "env", "Print the variables that OpenAI's and Anthropic's SDKs read."),
    Entry(
        "config",
        "Show and check the configuration.",
        children=(
            _verb("config", "show", "Print each value with its origin, secrets masked."),
            _verb("config", "validate", "Check wattos.toml and the environment."),
            _verb("config", "reload", "Read wattos.toml again, without a restart."),
            _verb("config", "schema", "Print the JSON Schema of wattos.toml."),
        ),
        section=_SET,
    ),
    Entry(
        "loadtest",
        "Put load on the platform; thresholds decide the exit code.",
        children=(
            _verb("loadtest", "run", "Run a scenario against the platform, or another host."),
            _verb("loadtest", "report", "Show a result again: table, HTML, Markdown, JUnit."),
            _verb("loadtest", "compare", "Say whether a run is slower than an earlier one."),
        ),
        default_verb="run",
        section=_SEE,
    ),
    Entry(
        "drill",
        "Break something on purpose and see whether the platform holds.",
        children=(
            _verb("drill", "list", "List the built-in drills: what breaks, what must run."),
            _verb("drill", "run", "Run drills: built-in ones, all, or your own files."),
            _verb("drill", "show", "Print the file of a drill, after it was checked."),
        ),
        default_verb="list",
        naming_verb="run",
        section=_SEE,
    ),
    Entry(
        "alerts",
        "Show which alerts fire; write and check their rules.",
        children=(
            _verb("alerts", "list", "Show which alerts fire now, and which wait to."),
            _verb("alerts", "show", "Show one alert: how it is, when it fires, what to do about it."),
            _verb("alerts", "generate", "Write Prometheus' rules and Alertmanager's configuration."),
            _verb("alerts", "check", "Hold objectives, rules and routes against all that can judge them."),
        ),
        default_verb="list",
        section=_SEE,
    ),
    Entry(
        "dashboards",
        "Grafana dashboards: write, check and push them.",
        children=(
            _verb("dashboards", "generate", "Write the dashboards and what loads them into Grafana."),
            _verb("dashboards", "check", "Hold the dashboards against rules, metrics, files and live data."),
            _verb("dashboards", "push", "Put the dashboards into a Grafana that runs."),
        ),
        section=_SEE,
    ),
    _entry(_SET, "completion", "Print the completion script of a shell."),
    _entry(_SET, "help", "Print the help of a command or a topic."),
)


def build_deps(environ: Mapping[str, str], stdin: TextIO, stdout: TextIO, stderr: TextIO) -> Deps:
    """Return the dependencies of a real run: the process's streams, clocks and folder."""
    in_ci = environ.get("CI", "").lower() in {"1", "true"}
    plain = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb" or in_ci
    console = Console(
        stdout,
        stderr,
        color=stdout.isatty() and not plain,
        animate=stderr.isatty() and not plain,
        width=terminal_columns(stdout) or _WIDTH,
    )
    return Deps(
        console=console,
        environ=environ,
        cwd=_here(),
        stdin=stdin,
        clock=time.time,
        monotonic=time.monotonic,
        sleep=time.sleep,
        http=PlainHttp(),
        gateway=lambda url, token: _gateway(url, token, console),
    )


def _here() -> Path:
    """Return the current folder; WattosError when it was removed meanwhile."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise WattosError(
            "the current folder does not exist any more",
            hint="cd to an existing folder",
            code="no_such_folder",
            exit_code=ExitCode.USAGE,
        ) from None


def _gateway(url: str, token: str, console: Console) -> Gateway:
    from wattos_cli.clients.gateway import HttpGateway

    return HttpGateway(url, token, sleep=time.sleep, note=console.note)


def execute(argv: Sequence[str], tree: Sequence[Entry] = TREE, deps: Deps | None = None) -> ExitCode:
    """Run the command that `argv` (without the program's name) names.

    Raises what the command raises (WattosError for every foreseen failure) and typer's exceptions for a
    wrong command line; `__main__` turns them into text and a code.
    """
    deps = deps or build_deps(os.environ, sys.stdin, sys.stdout, sys.stderr)
    argv = with_default_verb(argv, tree, global_options.VALUE_OPTIONS)
    code = None if COMPLETION_VARIABLE in deps.environ else _quickly(argv, tree, deps)
    if code is not None:
        return code
    from wattos_cli.dispatch import lazy

    group = lazy.build(tree, deps)
    if COMPLETION_VARIABLE in deps.environ:
        return lazy.complete(group, COMPLETION_VARIABLE)
    return lazy.invoke(group, argv)


def _quickly(argv: Sequence[str], tree: Sequence[Entry], deps: Deps) -> ExitCode | None:
    """Run the command without typer, or return None when the command line is not plainly correct."""
    route = quick.route(argv, tree)
    if route is None:
        return None
    entry, rest, before = route
    globals_before = quick.bind(global_options.PARAMETERS, before)
    command = importlib.import_module(entry.module).command()
    values = quick.bind(global_options.parameters_of(command), rest)
    if globals_before is None or values is None:
        return None
    current = global_options.Current(deps)
    current.refine(globals_before)
    return global_options.bound(command, current)(**values)
