"""The supervisor's loopback API: where Prometheus finds the replicas and their metrics.

`GET /targets` is HTTP service discovery; `GET /targets/SERVICE/N/metrics` is that replica's exposition,
fetched from its operations socket. Both ask for the operator token as a bearer token.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from wattos_cli.supervisor import probe
from wattos_cli.supervisor.addresses import VIA_SUPERVISOR, Address, address_of
from wattos_cli.supervisor.probe import ProbeError

_HEAD_LIMIT_BYTES = 16 * 1024
_READ_TIMEOUT_S = 5.0
_SCRAPE_TIMEOUT_S = 5.0
_JSON = "application/json"

Rows = Callable[[], Sequence[Mapping[str, Any]]]
_Reply = tuple[HTTPStatus, str, bytes]


class MetricsApi:
    """Answers on a socket that is already bound. `rows` gives the replicas as services.json has them."""

    def __init__(self, token: str, authority: str, rows: Rows) -> None:
        self._token = token.encode()
        self._authority = authority
        self._rows = rows

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close the connection."""
        try:
            async with asyncio.timeout(_READ_TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
            status, content_type, body = await self._answer(head.decode("latin-1"))
            writer.write(_response(status, content_type, body))
            await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, head: str) -> _Reply:
        lines = head.split("\r\n")
        method, _, rest = lines[0].partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if not self._authorized(lines[1:]):
            return _error(HTTPStatus.UNAUTHORIZED, "the operator token is missing or wrong")
        if method != "GET":
            return _error(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is answered here")
        if path == "/targets":
            return HTTPStatus.OK, _JSON, json.dumps(self._targets()).encode()
        match path.split("/"):
            case ["", "targets", service, number, "metrics"]:
                return await self._metrics(service, number)
        return _error(HTTPStatus.NOT_FOUND, "known are /targets and /targets/SERVICE/N/metrics")

    def _authorized(self, lines: Sequence[str]) -> bool:
        import hmac  # brings OpenSSL, which a supervisor without Prometheus has no use for

        given = next((line for line in lines if line.lower().startswith("authorization:")), "")
        scheme, _, token = given.partition(":")[2].strip().partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), self._token)

    def _targets(self) -> list[dict[str, Any]]:
        """Return what shall run: one that is down just now fails its scrape, it is not missing."""
        return [
            {
                "targets": [self._authority],
                "labels": {
                    "job": str(row["name"]),
                    "instance": f"{row['name']}-{row['replica']}",
                    "__metrics_path__": f"/targets/{row['name']}/{row['replica']}/metrics",
                    VIA_SUPERVISOR: "true",
                },
            }
            for row in self._rows()
            if row["ops_socket"] and row["state"] != "stopped"
        ] + [_foreign(row) for row in self._rows() if row["metrics"] and row["state"] != "stopped"]

    async def _metrics(self, service: str, number: str) -> _Reply:
        for row in self._rows():
            if row["name"] == service and str(row["replica"]) == number and row["ops_socket"]:
                return await _scrape(Address(path=row["ops_socket"]))
        return _error(HTTPStatus.NOT_FOUND, f"there is no replica {number} of {service}")


def _foreign(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the target of a service that is not ours: Prometheus asks it itself."""
    address, path = address_of(row["metrics"])
    return {
        "targets": [f"{address.host}:{address.port}"],
        "labels": {
            "job": str(row["name"]),
            "instance": f"{row['name']}-{row['replica']}",
            "__metrics_path__": path,
            "__scheme__": "https" if address.tls else "http",
        },
    }


async def _scrape(address: Address) -> _Reply:
    try:
        answer = await probe.get(address, "/metrics", _SCRAPE_TIMEOUT_S)
    except ProbeError as error:
        return _error(HTTPStatus.BAD_GATEWAY, f"the replica did not answer: {error}")
    if not answer.ok:
        return _error(HTTPStatus.BAD_GATEWAY, f"the replica answered HTTP {answer.status}")
    return HTTPStatus.OK, answer.headers.get("content-type", "text/plain"), answer.body


def _error(status: HTTPStatus, message: str) -> _Reply:
    return status, _JSON, json.dumps({"statusCode": status.value, "message": message}).encode()


def _response(status: HTTPStatus, content_type: str, body: bytes) -> bytes:
    authenticate = "WWW-Authenticate: Bearer\r\n" if status is HTTPStatus.UNAUTHORIZED else ""
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content_type}\r\n{authenticate}"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body


async def listen(api: MetricsApi, listener: "Any") -> asyncio.Server:
    """Serve `api` on the bound socket `listener`."""
    return await asyncio.start_server(api.serve, sock=listener, limit=_HEAD_LIMIT_BYTES)
