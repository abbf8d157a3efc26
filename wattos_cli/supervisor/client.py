"""The command line's side of the control socket; blocking, without asyncio, so that `ps` stays quick."""

import json
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.supervisor import protocol

_CONNECT_TIMEOUT_S = 2.0
_CHUNK_BYTES = 65_536


class SupervisorGoneError(Exception):
    """The supervisor closed the connection, or nobody listens."""


class ControlClient:
    """One connection, one operation. `fresh`: the supervisor was started for it."""

    def __init__(self, connection: socket.socket, *, fresh: bool = False) -> None:
        self._connection = connection
        self.fresh = fresh
        self._received = bytearray()
        self._hello: dict[str, Any] | None = None

    @classmethod
    def connect(cls, path: Path) -> "ControlClient":
        """Return a connected client; SupervisorGoneError when nobody listens at `path`."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_CONNECT_TIMEOUT_S)
        try:
            connection.connect(str(path))
        except OSError as error:
            connection.close()
            raise SupervisorGoneError(str(error)) from error
        return cls(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave; the supervisor goes on with what it was told."""
        self._connection.close()

    def speaks_other_protocol(self, timeout_s: float) -> bool:
        """Return whether the supervisor is of a version that we can only ask for `status` and `down`."""
        return self._greeting(time.monotonic() + timeout_s).get("protocol") != protocol.PROTOCOL

    def wait_for_greeting(self, timeout_s: float) -> None:
        """Return once the supervisor has greeted, which it does at once if it does anything at all.

        Raises TimeoutError when it has not within `timeout_s`, SupervisorGoneError when it has ended.
        """
        self._greeting(time.monotonic() + timeout_s)

    def request(self, operation: str, *, timeout_s: float, **fields: Any) -> dict[str, Any]:
        """Carry out `operation` and return its result.

        Raises WattosError as the supervisor told it (or when it speaks another protocol or does not answer
        within `timeout_s`), SupervisorGoneError when it ends meanwhile.
        """
        deadline = time.monotonic() + timeout_s
        hello = self._greeting(deadline)
        if hello.get("protocol") != protocol.PROTOCOL and operation not in protocol.ANY_VERSION:
            raise other_version(str(hello.get("version")))
        request = {"protocol": protocol.PROTOCOL, "op": operation, **fields}
        try:
            self._connection.settimeout(timeout_s)
            self._connection.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise SupervisorGoneError(str(error)) from error
        while True:
            message = self._receive(deadline)
            if "error" in message:
                raise protocol.error_from_json(message["error"])
            if "result" in message:
                result: dict[str, Any] = message["result"]
                return result

    def change(self, timeout_s: float) -> dict[str, Any] | None:
        """Return the next message about rows, None when there is none within `timeout_s`.

        Raises SupervisorGoneError when the supervisor ends.
        """
        try:
            return self._receive(time.monotonic() + timeout_s)
        except TimeoutError:
            return None

    def _greeting(self, deadline: float) -> dict[str, Any]:
        if self._hello is None:
            self._hello = self._receive(deadline)
        return self._hello

    def _receive(self, deadline: float) -> dict[str, Any]:
        while (end := self._received.find(b"\n")) < 0:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("the supervisor did not answer in time")
            self._connection.settimeout(left_s)
            try:
                chunk = self._connection.recv(_CHUNK_BYTES)
            except TimeoutError:
                raise
            except OSError as error:
                raise SupervisorGoneError(str(error)) from error
            if not chunk:
                raise SupervisorGoneError("the supervisor ended")
            self._received += chunk
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        message: dict[str, Any] = json.loads(line)
        return message


def other_version(version: str) -> WattosError:
    """Return the error for a platform that another version of wattos runs."""
    return WattosError(
        f"the running platform was started by wattos {version}, which speaks another protocol",
        hint="restart it with: wattos up --recreate",
        code="protocol_mismatch",
        exit_code=ExitCode.NO,
    )
