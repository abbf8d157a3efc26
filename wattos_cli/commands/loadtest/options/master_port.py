"""Where a master is to listen: looked at before anything starts."""

import errno

from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.supervisor import listeners, port_holder

_HINT = "choose another one, for its workers too: --master HOST:PORT   (port 0: any free one)"


def require_free(address: str) -> None:
    """Return if a master can listen at `address` (HOST:PORT); WattosError (exit 4) that says why not."""
    host, _, port = address.rpartition(":")
    try:
        listeners.bind(host.strip("[]"), int(port)).close()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        holder = next(iter(port_holder.holders(int(port))), None) if taken else None
        why = f"it is taken by pid {holder.pid}: {holder.command}" if holder else error.strerror
        raise WattosError(
            f"the master cannot listen at {address}: {why}",
            hint=_HINT,
            code="port_in_use" if taken else "port_unusable",
            exit_code=ExitCode.UNREACHABLE,
            details={"address": address, **({"pid": holder.pid} if holder else {})},
        ) from None
