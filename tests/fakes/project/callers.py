"""Callers of a running platform: who they are, and what they do again and again through the gateway."""

import io
import socket
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.fakes.project.running import RunningProject

READ_TIMEOUT_S = 30
_MANY = 1_000_000  # a test asks more often than a person; nobody's limit is switched off for it


@contextmanager
def operator(project: RunningProject) -> Iterator[httpx.Client]:
    """Yield a client of the gateway's operations listener."""
    row = next(row for row in project.state()["services"] if row["name"] == "gateway")
    secret = (project.root / ".wattos/run/operator.token").read_text().strip()
    transport = httpx.HTTPTransport(uds=row["ops_socket"], verify=False)
    headers = {"authorization": f"Bearer {secret}"}
    with httpx.Client(
        transport=transport, base_url="http://ops", headers=headers, timeout=READ_TIMEOUT_S
    ) as client:
        yield client


def token(project: RunningProject, tenant: str, *, role: str = "admin", **more: Any) -> str:
    """Return a new credential, made at the gateway's operations listener.

    Its user has the same name in every tenant, so that nothing is kept apart by the name alone.
    """
    asked = {"tenant": tenant, "user": "ada", "role": role, "limits": {"per_minute": _MANY}}
    with operator(project) as ops:
        made = ops.post("/admin/tokens", json={**asked, **more})
    assert made.status_code == 201, made.text
    return str(made.json()["token"])


@contextmanager
def caller(project: RunningProject, tenant: str, **more: Any) -> Iterator[httpx.Client]:
    """Yield a client of the gateway that acts for `tenant`, as an admin unless told."""
    headers = {"authorization": f"Bearer {token(project, tenant, **more)}"}
    with httpx.Client(
        base_url=project.url("gateway"), headers=headers, timeout=READ_TIMEOUT_S, verify=False
    ) as client:
        yield client


def new_space(client: httpx.Client, name: str = "space") -> str:
    """Make a knowledge space and return its id."""
    made = client.post("/api/v1/knowledge-spaces", json={"name": name})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def upload(client: httpx.Client, space: str, name: str, content: bytes) -> httpx.Response:
    """Upload a document and return what the gateway answers at once."""
    return client.post(f"/api/v1/knowledge-spaces/{space}/documents", files={"file": (name, content)})


def settled(client: httpx.Client, uploaded: httpx.Response, timeout_s: float = 60) -> dict[str, Any]:
    """Return an uploaded document once it is ready or failed."""
    assert uploaded.status_code in {200, 202}, uploaded.text
    deadline = time.monotonic() + timeout_s
    while True:
        document: dict[str, Any] = client.get(f"/api/v1/documents/{uploaded.json()['id']}").json()
        if document["status"] in {"ready", "failed"}:
            return document
        assert time.monotonic() < deadline, document
        time.sleep(0.05)


def is_our_error(answer: httpx.Response) -> bool:
    """Return whether the body is the one error shape and true to the answer.

    Under /v1 it is OpenAI's, under /v1/messages Anthropic's.
    """
    body = answer.json()
    if answer.request.url.path.startswith("/v1/messages"):
        error = body["error"]
        return (
            body.keys() == {"type", "error", "request_id"}
            and error.keys() == {"type", "message", "details"}
            and body["request_id"] == answer.headers["request-id"]
        )
    if answer.request.url.path.startswith("/v1/"):
        error = body["error"]
        return body.keys() == {"error"} and error.keys() == {"message", "type", "param", "code"}
    expected = {"statusCode", "code", "message", "timestamp", "path", "method", "requestId", "traceId"}
    return (
        body.keys() - {"details"} == expected
        and body["statusCode"] == answer.status_code
        and body["requestId"] == answer.headers["x-request-id"]
    )


def zip_bomb(uncompressed_bytes: int) -> bytes:
    """Return a Word document of a few kB whose text has that many bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w", force_zip64=True) as member:
            for _ in range(uncompressed_bytes // 1_000_000):
                member.write(b"a" * 1_000_000)
    return packed.getvalue()


@dataclass
class Witness:
    """What is known of a platform before bad input, and every answer since."""

    platform: RunningProject
    pids: dict[str, int]
    bodies: list[str] = field(default_factory=list)

    def keep(self, answer: httpx.Response) -> None:
        """Remember an answer; an event hook of httpx."""
        self.bodies.append(answer.read().decode("utf-8", "replace"))

    def raw(self, request: bytes) -> str:
        """Send bytes to the gateway as they are; return all it answers until it closes."""
        address = ("127.0.0.1", int(self.platform.url("gateway").rpartition(":")[2]))
        received = b""
        with socket.create_connection(address, timeout=READ_TIMEOUT_S) as connection:
            with suppress(ConnectionError):  # refused before it was all sent
                connection.sendall(request)
            with suppress(ConnectionError):
                while piece := connection.recv(65536):
                    received += piece
        answer = received.decode("latin-1")
        self.bodies.append(answer)
        return answer

    def harm(self) -> list[str]:
        """Return what is not as it was: who serves, how well, what got out; empty when all is well."""
        found = [body for body in self.bodies if "Traceback" in body or 'File "' in body]
        rows = {row["name"]: row for row in self.platform.rows()}
        if {name: row["pid"] for name, row in rows.items()} != self.pids:
            found.append(f"other processes than before: {rows}")
        health = self.platform.wattos("health", "--probe", "readiness")
        if health.returncode != 0:
            found.append(health.stdout + health.stderr)
        for name in self.pids:
            lines = self.platform.log(name).splitlines()
            found += [line for line in lines if "error.stack" in line or not line.startswith("{")]
        return found


def witness(platform: RunningProject) -> Witness:
    """Return a witness of a platform to which nothing bad was sent yet."""
    return Witness(platform, {row["name"]: row["pid"] for row in platform.rows()})
