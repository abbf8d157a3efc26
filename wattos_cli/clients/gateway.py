"""The gateway's API over httpx, which only `ask` and `ingest` pay for."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from wattos_cli.clients.refusals import refusal, unexpected, unreachable
from wattos_cli.deps import Event

_CONNECT_S = 2.0
_ANSWER_S = 120.0
_STREAM_SILENCE_S = 60.0
_MAX_WAIT_S = 120.0
_DEFAULT_RETRY_S = 1.0
_TOO_MANY = 429


class HttpGateway:
    """The real `deps.Gateway`. A 429 is waited out as long as Retry-After says, up to two minutes in all."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        sleep: Callable[[float], None],
        note: Callable[[str], None],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = url
        self._sleep = sleep
        self._note = note
        self._headers: Mapping[str, str] = {}
        self._told_wait = 0.0
        self._client = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S),
            transport=transport,
            trust_env=False,
        )

    @property
    def last_headers(self) -> Mapping[str, str]:
        """Return the headers of the last answer."""
        return self._headers

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON answer; WattosError for anything but success."""
        return _json(self._sent(lambda: self._client.request(method, path, json=body)).content)

    def upload(self, path: str, file: Path, name: str) -> Any:
        """Send `file` from disk and return the JSON answer; WattosError for anything but success."""

        def send() -> httpx.Response:
            with file.open("rb") as content:
                return self._client.post(path, files={"file": (name, content)})

        return _json(self._sent(send).content)

    def events(self, path: str, body: Any) -> Iterator[Event]:
        """Yield the events of the streamed answer; WattosError for a refusal, an `error` event or a cut."""
        timeout = httpx.Timeout(_STREAM_SILENCE_S, connect=_CONNECT_S)
        headers = {"Accept": "text/event-stream"}
        with (
            self._told(),
            self._client.stream("POST", path, json=body, headers=headers, timeout=timeout) as response,
        ):
            self._headers = response.headers
            if response.is_error:
                response.read()
                raise refusal(response.status_code, response.content, response.headers, self._url)
            yield from _events(response.iter_lines())

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _sent(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        waited = 0.0
        while True:
            with self._told():
                response = send()
            self._headers = response.headers
            if response.status_code != _TOO_MANY:
                break
            wait = _retry_after(response.headers)
            if waited + wait > _MAX_WAIT_S:
                break
            if wait != self._told_wait:
                self._note(f"the gateway asks to wait {wait:g} s (rate limit)")
                self._told_wait = wait
            self._sleep(wait)
            waited += wait
        if response.is_error:
            raise refusal(response.status_code, response.content, response.headers, self._url)
        return response

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn httpx's failures into ours."""
        try:
            yield
        except httpx.TimeoutException as error:
            raise unreachable(self._url, "no answer in time") from error
        except httpx.RemoteProtocolError as error:
            raise unreachable(self._url, "the connection ended in the middle of an answer") from error
        except httpx.TransportError as error:
            raise unreachable(self._url, str(error) or type(error).__name__) from error


def _json(content: bytes | str) -> dict[str, Any]:
    """Return a JSON object; WattosError (exit 4) for anything else."""
    try:
        value = json.loads(content)
    except ValueError:
        raise unexpected("it is no JSON") from None
    if not isinstance(value, dict):
        raise unexpected("it is no JSON object")
    return value


def _retry_after(headers: Mapping[str, str]) -> float:
    try:
        return max(0.0, float(headers.get("retry-after", _DEFAULT_RETRY_S)))
    except ValueError:
        return _DEFAULT_RETRY_S


def _events(lines: Iterator[str]) -> Iterator[Event]:
    """Yield the events in `lines` of a text/event-stream; one without a closing blank line is dropped."""
    name, data = "message", list[str]()
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif not line and data:
            yield Event(name, _json("\n".join(data)))
            name, data = "message", []
