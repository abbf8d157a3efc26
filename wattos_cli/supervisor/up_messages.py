"""What `wattos up` says of a start: the table of what runs, and on stderr what to know and to type next."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.config.llm import keyless
from wattos_cli.config.model import Config
from wattos_cli.config.schema import PROVIDER_KEYS
from wattos_cli.deps import Deps
from wattos_cli.project import Project
from wattos_cli.render import columns
from wattos_cli.supervisor import launch, listing
from wattos_cli.supervisor.client import ControlClient, SupervisorGoneError
from wattos_cli.supervisor.plan import is_table
from wattos_cli.supervisor.watch import Watch

SCHEMA = "wattos.up/v1"
_OWN_KEY = "wk_"  # what `wattos env` puts where SDKs look for their provider's key
_PROVIDER_KEYS = {variable: name for name, variables in PROVIDER_KEYS.items() for variable in variables}


def show(watch: Watch, deps: Deps) -> None:
    """Print what runs, as a table or as JSON."""
    rows = [listing.public(row, time.time()) for row in watch.rows]
    if deps.console.json_output:
        deps.console.json({"schema": SCHEMA, "services": rows})
    else:
        deps.console.data(listing.up_table(rows))


def show_timings(watch: Watch, project: Project, deps: Deps, connect_s: float, total_s: float) -> None:
    """Write to stderr how long each part took; the parts of different services overlap."""
    deps.console.note(
        f"command line until the supervisor was reached: {columns.milliseconds(connect_s * 1000)}"
    )
    try:
        with launch.connect(project) as client:
            preload_ms = client.request("status", timeout_s=1.0)["timings"].get("preload_ms")
    except (SupervisorGoneError, TimeoutError):
        preload_ms = None
    if preload_ms:
        deps.console.note(f"fork server, imports: {columns.milliseconds(preload_ms)}")
    for row in watch.rows:
        deps.console.note(f"{listing.instance(row)}: ready after {columns.milliseconds(row['ready_ms'])}")
    deps.console.note(f"all: {columns.milliseconds(total_s * 1000)}")


def tell_dropped(flags: Sequence[str], deps: Deps) -> None:
    """Write to stderr which flags of the last `up` no longer hold: they are never kept silently."""
    if not flags:
        return
    told = " ".join(flags)
    deps.console.note(
        f"The last up had {told}; this one has not. To have it again: wattos up --recreate {told}"
    )


def tell_next(config: Config, result: Mapping[str, Any], deps: Deps, *, simulated: bool) -> None:
    """Write to stderr what is active, what is stale, and what to type next."""
    note = deps.console.note
    for line in _stale(result.get("stale", {})):
        note(line)
    providers = list(config.llm.get("providers") or ())
    pending = any("[llm]" in reasons for reasons in result.get("stale", {}).values())
    title = "Model providers, once it is renewed" if pending else "Model providers"
    if providers:
        played = " (the simulator stands in: no request leaves this machine)" if simulated else ""
        note(f"{title}: {', '.join(providers)}{played}, then local")
    else:
        note(f"{title}: local (answers with sentences from your documents; no network)")
    for provider, variable in ({} if simulated else keyless(config.llm, config.environ)).items():
        note(f"{provider} has no key and is not asked. Set {variable}, then type this again with --recreate.")
    for variable, provider in _PROVIDER_KEYS.items():
        key = config.environ.get(variable, "")
        if key and not key.startswith(_OWN_KEY) and provider not in providers:
            note(f"{variable} is set but not used. To use it: wattos up --recreate --provider {provider}")
    for ineffective in config.without_effect():
        note(ineffective.sentence)
    if not deps.console.json_output:
        documents = "docs/" if (deps.cwd / "docs").is_dir() else "PATH"
        note(f'Next:\n  wattos ingest {documents}\n  wattos ask "..."\n  wattos health')


def _stale(stale: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a line for each kind of older settings: who runs with them, and how that is renewed."""
    services: dict[tuple[str, ...], list[str]] = {}
    for name, reasons in stale.items():
        services.setdefault(tuple(reasons), []).append(name)
    lines = []
    for reasons, names in services.items():
        run, them = ("runs", "it") if len(names) == 1 else ("run", "them")
        remedy = "wattos config reload" if all(map(is_table, reasons)) else "wattos up --recreate"
        told = f"{', '.join(names)} {run} with older settings ({', '.join(reasons)})"
        lines.append(f"{told}. Renew {them} with: {remedy}")
    return lines


def tell_changes(client: ControlClient, deps: Deps) -> None:
    """Write to stderr each change of a replica's state, until the supervisor is gone."""
    while True:
        try:
            message = client.change(1.0)
        except SupervisorGoneError:
            return
        if message and "row" in message:
            row = message["row"]
            reason = f": {row['reason']}" if row["reason"] else ""
            deps.console.note(f"{listing.instance(row)} {row['state']}{reason}")
