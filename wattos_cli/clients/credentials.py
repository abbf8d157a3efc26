"""The credential of `ask`, `ingest` and `env`: WATTOS_TOKEN, else a key of ten minutes made on the spot."""

import errno
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattos_cli import named_files
from wattos_cli.clients import running
from wattos_cli.clients.refusals import part
from wattos_cli.deps import Deps, Gateway
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project

TENANT = "default"
ROLE = "editor"
LIFETIME_S = 600
PER_MINUTE = 1000
"""Requests that this key may send, as many as its tenant: a folder of documents is one command."""
_TOKEN_LIMIT_BYTES = 65_536
_MAKE_ONE = "make one with: wattos token create -q"
_ADDRESS = re.compile(r"https?://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?(/[\w./~-]*)?")


def make_token(deps: Deps, project: Project, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new credential: token, id, tenant, role, expires_at. WattosError if the gateway is away."""
    gateway = running.service(project, "gateway")
    made: dict[str, Any] = running.admin(deps, project, gateway, "/admin/tokens", request)
    return made


def token(deps: Deps, project: Project) -> str:
    """Return the token of WATTOS_TOKEN or of the file WATTOS_TOKEN_FILE, else a fresh ten-minute key."""
    given = given_token(deps.environ, "WATTOS_TOKEN", _MAKE_ONE)
    if given is not None:
        return given
    request = {
        "tenant": TENANT,
        "user": "wattos-cli",
        "role": ROLE,
        "ttl_s": LIFETIME_S,
        "jwt": False,
        "limits": {"per_minute": PER_MINUTE},
    }
    return str(part(make_token(deps, project, request), "token"))


def given_token(environ: Mapping[str, str], variable: str, hint: str) -> str | None:
    """Return the token in `variable`, or in the file that `variable`_FILE names; None without either.

    Raises WattosError (exit 3) with `hint` when what is there can be no token.
    """
    if environ.get(variable):
        return _checked(variable, environ[variable], hint)
    name = f"{variable}_FILE"
    return token_from(name, Path(environ[name]), hint) if environ.get(name) else None


def option_token(file: Path | None, environ: Mapping[str, str], variable: str, hint: str) -> str | None:
    """Return the token in the `file` of --token-file, without one what `given_token` finds."""
    return given_token(environ, variable, hint) if file is None else token_from("--token-file", file, hint)


def token_from(named_by: str, path: Path, hint: str) -> str:
    """Return the token in the file `path`, which option or variable `named_by` names; else WattosError."""
    try:
        text = _whole(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise WattosError(
            f"cannot read {named_by} {path}: {reason}",
            hint=f"name a readable file; or {hint}",
            code="token_file_unreadable",
            exit_code=ExitCode.CONFIG,
        ) from error
    return _checked(named_by, text, hint)


def _whole(path: Path) -> bytes:
    """Return what the file holds; OSError when it cannot be read, or holds more than any token has."""
    content = named_files.read(path, _TOKEN_LIMIT_BYTES + 1)
    if len(content) > _TOKEN_LIMIT_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {_TOKEN_LIMIT_BYTES} bytes")
    return content


def gateway_url(deps: Deps, project: Project) -> str:
    """Return the gateway's address: WATTOS_GATEWAY_URL, else what runs here."""
    given = deps.environ.get("WATTOS_GATEWAY_URL")
    if not given:
        return running.service(project, "gateway").url.rstrip("/")
    if not _ADDRESS.fullmatch(given):
        raise WattosError(
            "WATTOS_GATEWAY_URL is no http(s) address, or holds a user and password",
            hint="write it like http://127.0.0.1:PORT (see: wattos ps), or unset it",
            code="gateway_url_invalid",
            exit_code=ExitCode.CONFIG,
        )
    return given.rstrip("/")


def connect(deps: Deps) -> Gateway:
    """Return the API of this project's platform, with a credential."""
    project = running.project_of(deps)
    url = gateway_url(deps, project)
    return deps.gateway(url, token(deps, project))


def _checked(named_by: str, text: str, hint: str) -> str:
    """Return the token without white space around it; WattosError (exit 3) if it can be none."""
    stripped = text.strip()
    if not stripped.isascii() or not stripped.isprintable() or " " in stripped or not stripped:
        raise WattosError(
            f"{named_by} holds no token: it is empty or has characters that no token has",
            hint=hint,
            code="token_invalid",
            exit_code=ExitCode.CONFIG,
        )
    return stripped
