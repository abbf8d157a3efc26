"""The supervisor's part of `config reload`: a later restart and a later `up` agree with what is in force."""

from collections.abc import Iterable, Mapping
from typing import Any

from wattos_cli.errors import WattosError
from wattos_cli.supervisor.fleet import Fleet
from wattos_cli.supervisor.plan import CONFIGURATION, Plan, is_table, with_tables


def reload(fleet: Fleet, plan: Plan) -> dict[str, Any]:
    """Write the services' configuration of `plan`, which every new process reads from now on.

    Return what was in force, and per running service what else of `plan` only a new process takes up.
    OSError, and nothing has changed, when the file cannot be written.
    """
    before = fleet.plan
    fleet.configure(plan)
    outdated: dict[str, list[str]] = {}
    for wanted in plan.services:
        service = fleet.service(wanted.name)
        reasons = service.outdated(wanted, plan.digests) if service and service.running else []
        told = {CONFIGURATION} if service and service.rereads(wanted) else set()
        lasting = [reason for reason in reasons if not is_table(reason) and reason not in told]
        if lasting:
            outdated[wanted.name] = lasting
    previous = {"service_config": before.service_config, "digests": before.digests}
    return {"previous": previous, "outdated": outdated}


def reread_files(fleet: Fleet, plan: Plan) -> list[str]:
    """Tell the components whose files `plan` changes to read them again; return their names.

    WattosError when a file cannot be written; its component then goes on with the old one.
    """
    told = []
    for wanted in plan.services:
        service = fleet.service(wanted.name)
        if service is None or not service.rereads(wanted):
            continue
        try:
            fleet.furnish(wanted)
        except OSError as error:
            raise WattosError(
                f"cannot write the files of {wanted.name}: {error.strerror}",
                hint="it goes on with the old ones. Make room on the disk, then: wattos config reload",
                code="config_not_written",
                details={"component": wanted.name},
            ) from error
        service.take(wanted.configuration)
        told.append(wanted.name)
    return told


def reloaded(fleet: Fleet, replicas: Mapping[str, Iterable[int]], digests: Mapping[str, str]) -> None:
    """Take note that `replicas`, numbers by service, have read the configuration of `digests`.

    Nothing happens when another one was written meanwhile.
    """
    if with_tables(fleet.plan.digests, digests) != fleet.plan.digests:
        return
    for name, numbers in replicas.items():
        service = fleet.service(name)
        if service is not None:
            service.reloaded(numbers, digests)
