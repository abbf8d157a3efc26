"""Grafana's HTTP API as far as pushing takes. Source: Grafana, HTTP API, folders and dashboards."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, NoReturn
from urllib.parse import quote

from wattos_cli.clients.addresses import asked
from wattos_cli.deps import Http, NoReplyError, Reply
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.render.safe import visible

MAX_UID_CHARS = 40
_MOST_FOLDERS = 1000

Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of one dashboard; `path` is its address below Grafana's."""

    outcome: Outcome
    version: int
    path: str


@dataclass(frozen=True)
class Grafana:
    """The Grafana at `url`, asked with a service account's `token`.

    Every method raises WattosError: exit 4 when Grafana is out of reach or refuses the token, 1 when it
    refuses what it was given.
    """

    http: Http
    url: str
    token: str
    timeout_s: float

    def folder(self, title: str) -> str:
        """Return the uid of the folder called `title`, made if there is none."""
        listed = self._json("GET", f"/api/folders?limit={_MOST_FOLDERS}", what="the list of folders")
        for each in listed if isinstance(listed, list) else []:
            if isinstance(each, dict) and each.get("title") == title:
                return str(each.get("uid"))
        body = {"uid": folder_uid(title), "title": title}
        made = self._json("POST", "/api/folders", body, what=f"the folder {title!r}")
        return str(made["uid"]) if isinstance(made, dict) and "uid" in made else self._stranger("no uid")

    def push(self, board: Mapping[str, Any], folder: str, message: str) -> Pushed:
        """Put `board` into the folder of uid `folder`, over what has its uid; one that is the same stays."""
        uid = str(board["uid"])
        what = f"the dashboard {board.get('title')!r}"
        found = self._found(uid, what)
        if found is not None and _same(found, board, folder):
            version = int(found["dashboard"].get("version") or 0)
            return Pushed("unchanged", version, str(found.get("meta", {}).get("url") or f"/d/{uid}"))
        body = {
            "dashboard": {**board, "id": None},
            "folderUid": folder,
            "message": message,
            "overwrite": True,
        }
        saved = self._json("POST", "/api/dashboards/db", body, what=what)
        if not isinstance(saved, dict) or saved.get("status") != "success":
            self._stranger("the dashboard was not saved")
        outcome: Outcome = "created" if found is None else "updated"
        return Pushed(outcome, int(saved.get("version") or 0), str(saved.get("url") or f"/d/{uid}"))

    def _found(self, uid: str, what: str) -> dict[str, Any] | None:
        reply = self._asked("GET", f"/api/dashboards/uid/{quote(uid)}")
        if reply.status == HTTPStatus.NOT_FOUND:
            return None
        found = self._understood(reply, what)
        if not isinstance(found, dict) or not isinstance(found.get("dashboard"), dict):
            self._stranger("a dashboard without its JSON")
        return found

    def _json(self, method: str, path: str, body: Any = None, *, what: str) -> Any:
        return self._understood(self._asked(method, path, body), what)

    def _asked(self, method: str, path: str, body: Any = None) -> Reply:
        try:
            return asked(
                self.http, method, self.url, path, token=self.token, timeout_s=self.timeout_s, body=body
            )
        except NoReplyError as error:
            raise WattosError(
                f"cannot reach Grafana at {self.url}: {error}",
                hint="is the address right, and does it run? A Grafana below a path: --grafana URL/PATH",
                code="grafana_unreachable",
                exit_code=ExitCode.UNREACHABLE,
                details={"url": self.url},
            ) from error

    def _understood(self, reply: Reply, what: str) -> Any:
        """Return the JSON of a success; raises what stands for any other answer."""
        try:
            answer = reply.json()
        except ValueError:
            answer = None
        if reply.status == HTTPStatus.OK and answer is not None:
            return answer
        if reply.status == HTTPStatus.OK:
            self._stranger("no JSON")
        raise _refusal(self.url, reply.status, answer if isinstance(answer, dict) else {}, what)

    def _stranger(self, what: str) -> NoReturn:
        raise WattosError(
            f"what answers at {self.url} does not speak Grafana's API: {what}",
            hint="give Grafana's own address, for example http://127.0.0.1:3000",
            code="grafana_not_understood",
            exit_code=ExitCode.UNREACHABLE,
            details={"url": self.url},
        )


def folder_uid(title: str) -> str:
    """Return the uid of a new folder called `title`: letters, digits and hyphens, at most 40."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:MAX_UID_CHARS] or "wattos"


def _same(found: Mapping[str, Any], board: Mapping[str, Any], folder: str) -> bool:
    """Return whether Grafana has all of `board`, in that folder; it adds members of its own."""
    theirs = found["dashboard"]
    return found.get("meta", {}).get("folderUid") == folder and all(
        theirs.get(name) == value for name, value in board.items()
    )


_ROLE = "a service account with the role Editor, or with folders:create and dashboards:write"
_OTHER_FOLDER = "push to another folder: --folder NAME"
_REMEDIES = {
    400: (
        "refuses it",
        "what Grafana's provisioning made cannot be pushed over: remove its file there first",
    ),
    401: ("does not know the token", f"make one in Grafana for {_ROLE}: --token-file FILE"),
    403: ("lets the token not write it", f"the token needs {_ROLE}"),
    404: ("does not find it", "is it Grafana's own address, with its path? --grafana URL/PATH"),
    409: ("has something else of that name", _OTHER_FOLDER),
    412: (
        "has another of that title, or another version",
        f"delete the other one in Grafana, or {_OTHER_FOLDER}",
    ),
}
_CREDENTIALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def _refusal(url: str, status: int, answer: Mapping[str, Any], what: str) -> WattosError:
    """Return the error for an answer that is no success, with Grafana's own reason."""
    unknown = ("refuses it", "see Grafana's own log")
    meaning, remedy = _REMEDIES.get(status, unknown)
    reason = visible(str(answer.get("message") or answer.get("status") or ""))[:300]
    out_of_reach = status in _CREDENTIALS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return WattosError(
        f"Grafana at {url}, {what}: it {meaning} (HTTP {status}{f': {reason}' if reason else ''})",
        hint=remedy,
        code="grafana_refused",
        exit_code=ExitCode.UNREACHABLE if out_of_reach else ExitCode.NO,
        details={"url": url, "status": status, "reason": reason},
    )
