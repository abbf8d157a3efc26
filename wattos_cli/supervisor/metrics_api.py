"""The supervisor's loopback API: where Prometheus finds the replicas and their metrics.

`GET /targets` is HTTP service discovery; `GET /targets/SERVICE/N/metrics` is that replica's exposition,
fetched from its operations socket; below `/api/v1/` what is kept is asked for as Prometheus is. All ask for
the metrics token or the operator token, as a bearer token or as the password of any name. Nothing here
changes anything. A replica that has crashed is a target too: one that is down.
"""

import asyncio
import base64
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from wattos_cli.metricstore.api.replies import Reply
from wattos_cli.supervisor import loopback, probe
from wattos_cli.supervisor.addresses import VIA_SUPERVISOR, Address, address_of
from wattos_cli.supervisor.loopback import Request, RequestError
from wattos_cli.supervisor.probe import ProbeError
from wattos_cli.supervisor.replica_host import State

_QUERIES = "/api/v1/"
_READ_TIMEOUT_S = 5.0
_WRITE_TIMEOUT_S = 30.0
_SCRAPE_TIMEOUT_S = 5.0
_JSON = "application/json"
_LABEL = re.compile("[a-zA-Z0-9_]+")

# Answers a request to Prometheus' API, given path and parameters.
Queries = Callable[[str, Mapping[str, Sequence[str]]], Awaitable[Reply]]
# Returns what is known of the targets, as `/api/v1/targets` tells it.
Scraped = Callable[[], Mapping[str, Any]]
Rows = Callable[[], Sequence[Mapping[str, Any]]]
_Reply = tuple[HTTPStatus, str, bytes]


class MetricsApi:
    """Answers on a socket that is already bound. `rows` gives the replicas as services.json has them."""

    def __init__(
        self, tokens: Iterable[str], authority: str, rows: Rows, queries: Queries, scraped: Scraped
    ) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._authority = authority
        self._rows = rows
        self._queries = queries
        self._scraped = scraped

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close the connection."""
        try:
            async with asyncio.timeout(_READ_TIMEOUT_S):
                try:
                    request = await loopback.read(reader)
                except RequestError as error:
                    reply = _error(error.status, str(error))
                    request = None
            if request is not None:
                reply = await self._answer(request)
            writer.write(loopback.answer(*reply))
            await asyncio.wait_for(writer.drain(), _WRITE_TIMEOUT_S)
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, request: Request) -> _Reply:
        if not self._authorized(request.headers.get("authorization", "")):
            return _error(
                HTTPStatus.UNAUTHORIZED, "the token is missing or wrong: it is in .wattos/run/metrics.token"
            )
        path = request.path
        if path.startswith(_QUERIES) and request.method in {"GET", "POST"}:
            return await self._prometheus(path, request.parameters)
        if request.method != "GET":
            return _error(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is answered here")
        if path == "/targets":
            return HTTPStatus.OK, _JSON, json.dumps(self._targets()).encode()
        match path.split("/"):
            case ["", "targets", service, number, "metrics"]:
                return await self._metrics(service, number)
        message = f"known are /targets, /targets/SERVICE/N/metrics and {_QUERIES}"
        return _error(HTTPStatus.NOT_FOUND, message)

    async def _prometheus(self, path: str, parameters: Mapping[str, Sequence[str]]) -> _Reply:
        if path == f"{_QUERIES}targets":
            return HTTPStatus.OK, _JSON, json.dumps({"status": "success", "data": self._scraped()}).encode()
        answer = await self._queries(path, parameters)
        return answer.status, _JSON, answer.body

    def _authorized(self, given: str) -> bool:
        import hmac  # brings OpenSSL, which a supervisor without Prometheus has no use for

        token = _token_of(given)
        return any([hmac.compare_digest(token, known) for known in self._tokens])  # noqa: C419 - in equal time

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
            if row["ops_socket"] and row["state"] != State.STOPPED
        ] + [_foreign(row) for row in self._rows() if row["metrics"] and row["state"] != State.STOPPED]

    async def _metrics(self, service: str, number: str) -> _Reply:
        for row in self._rows():
            if row["name"] == service and str(row["replica"]) == number and row["ops_socket"]:
                return await _scrape(Address(path=row["ops_socket"]))
        return _error(HTTPStatus.NOT_FOUND, f"there is no replica {number} of {service}")


def _token_of(authorization: str) -> bytes:
    """Return the bearer token, or the password where a client has only name and password to give."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials, validate=True).partition(b":")[2]
        except ValueError:
            return b""
    return credentials.strip().encode() if scheme.lower() == "bearer" else b""


def _foreign(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the target of a service that is not ours: Prometheus asks it itself."""
    address, path = address_of(row["metrics"])
    path, _, query = path.partition("?")
    return {
        "targets": [address.authority],
        "labels": {
            "job": str(row["name"]),
            "instance": f"{row['name']}-{row['replica']}",
            "__metrics_path__": path,
            "__scheme__": "https" if address.tls else "http",
            **_parameters(query),
        },
    }


def _parameters(query: str) -> dict[str, str]:
    """Return the labels by which Prometheus learns parameters; it knows none that cannot name a label."""
    pairs = reversed(parse_qsl(query, keep_blank_values=True))
    return {f"__param_{name}": value for name, value in pairs if _LABEL.fullmatch(name)}


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


async def listen(api: MetricsApi, listener: "Any") -> asyncio.Server:
    """Serve `api` on the bound socket `listener`."""
    return await asyncio.start_server(api.serve, sock=listener, limit=loopback.HEAD_LIMIT_BYTES)
