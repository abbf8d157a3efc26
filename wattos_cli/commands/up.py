"""`wattos up`: start the platform, or what is missing of it, and wait until it is ready."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from wattos_cli.clients import offers
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode
from wattos_cli.parameters import Argument, Option


@dataclass(frozen=True)
class Options:
    """What `up` was asked for. `port_offset` is a number or `auto`; None: as configured or remembered."""

    services: tuple[str, ...] = ()
    foreground: bool = False
    timeout: str | None = None
    timings: bool = False
    scale: Mapping[str, int] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    port_offset: str | None = None
    also: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    env_file: str | None = None
    recreate: bool = False
    down_on_failure: bool = False


def run(opts: Options, deps: Deps) -> ExitCode:
    """Start and wait; WattosError (exit 1) names every service that did not become ready."""
    from wattos_cli.supervisor import bring_up, desired

    request = desired.Request(
        services=opts.services,
        scale=opts.scale,
        ports=opts.ports,
        port_offset=opts.port_offset,
        also=opts.also,
        recreate=opts.recreate,
        flags=_flags(opts, deps),
    )
    return bring_up.bring_up(
        request,
        deps,
        timings=opts.timings,
        foreground=opts.foreground,
        down_on_failure=opts.down_on_failure,
    )


def _flags(opts: Options, deps: Deps) -> dict[str, object]:
    """Return the flags that stand above environment and wattos.toml, by setting key."""
    from wattos_cli.config.durations import option_seconds

    flags: dict[str, object] = {}
    if opts.providers:
        flags["llm.providers"] = opts.providers
    if opts.env_file:
        flags["env.file"] = str(deps.cwd / opts.env_file)
    if opts.timeout is not None:
        flags["up.timeout"] = option_seconds(opts.timeout, "--timeout")
    return flags


def command(run: Run[Options] = run) -> Command:
    """Return the command's parser."""

    def up(
        deps: Deps,
        *,
        services: Annotated[
            list[str] | None,
            Argument(help="Only these services and what they depend on.", offered=offers.services),
        ] = None,
        foreground: Annotated[
            bool, Option("--foreground", help="Stay; the platform ends with this command.")
        ] = False,
        timeout: Annotated[
            str | None,
            Option(
                "--timeout", metavar="DURATION", help="How long to wait for readiness.", default_text="60s"
            ),
        ] = None,
        timings: Annotated[bool, Option("--timings", help="Show where the time of the start went.")] = False,
        scale: Annotated[
            list[str] | None, Option("--scale", metavar="SERVICE=N", help="Number of replicas; repeatable.")
        ] = None,
        port: Annotated[
            list[str] | None,
            Option("--port", metavar="SERVICE=PORT", help="Port of one service; repeatable."),
        ] = None,
        port_offset: Annotated[
            str | None,
            Option(
                "--port-offset", metavar="N|auto", help="Shift every default port by N, or find a free block."
            ),
        ] = None,
        with_: Annotated[
            list[str] | None,
            Option(
                "--with",
                metavar="NAMES",
                help="Start these too: simulator, redis, prometheus, alertmanager; comma separated.",
                offered=offers.optional,
            ),
        ] = None,
        provider: Annotated[
            list[str] | None,
            Option(
                "--provider",
                metavar="NAME",
                help="Use this model provider; repeat for the order of fallback.",
                offered=offers.providers,
            ),
        ] = None,
        env_file: Annotated[
            str | None, Option("--env-file", metavar="FILE", help="Read NAME=value lines for the services.")
        ] = None,
        recreate: Annotated[bool, Option("--recreate", help="Restart services that are stale.")] = False,
        down_on_failure: Annotated[
            bool, Option("--down-on-failure", help="Stop everything when a service does not become ready.")
        ] = False,
    ) -> ExitCode:
        """Start the platform, or what is missing of it, and wait until it is ready.

        Examples:
          wattos up
          wattos up --port-offset auto
          wattos up chat --scale chat=3
          wattos up --with simulator --provider ollama
          wattos up --with redis
          wattos up --with prometheus,alertmanager
        """
        from wattos_cli.supervisor import flags

        options = Options(
            services=tuple(services or ()),
            foreground=foreground,
            timeout=timeout,
            timings=timings,
            scale=flags.numbers(scale or (), "--scale", 1, 64),
            ports=flags.numbers(port or (), "--port", 1, 65_535),
            port_offset=port_offset,
            also=flags.names(with_ or ()),
            providers=flags.names(provider or ()),
            env_file=env_file,
            recreate=recreate,
            down_on_failure=down_on_failure,
        )
        return run(options, deps)

    return up
