"""A Grafana over real HTTP that holds callers to its API of folders and dashboards."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Self

from tests.fakes.network.threaded_server import QuietHandler, ThreadedServer

_UID = re.compile(r"[a-zA-Z0-9_-]{1,40}")
_MEMBERS = {"dashboard", "folderUid", "message", "overwrite"}
Answer = tuple[int, Any]


@dataclass
class GrafanaServer:
    """Listens on a free port, below `path`. `role` is that of the one token: Editor, Viewer or none at all.

    `provisioned` are uids that its provisioning made; `answers` are given instead of its own, in turn.
    """

    token: str = "glsa_secret"
    role: str = "Editor"
    path: str = ""
    provisioned: set[str] = field(default_factory=set)
    folders: dict[str, str] = field(default_factory=dict)
    boards: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ThreadedServer(_Handler, self)
        self.url = f"{self._server.url}{self.path}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def answer(self, method: str, path: str, authorization: str, body: Any) -> Answer:
        self.requests.append(f"{method} {path}")
        if not path.startswith(f"{self.path}/api/"):
            return 404, {"message": "Not found"}
        if self.answers:
            return self.answers.pop(0)
        if authorization != f"Bearer {self.token}":
            return 401, {"message": "Invalid API key"}
        route = path.removeprefix(self.path).partition("?")[0]
        return self._read(route) if method == "GET" else self._written(route, body)

    def _read(self, route: str) -> Answer:
        if route == "/api/folders":
            return 200, [{"id": 1, "uid": uid, "title": title} for uid, title in self.folders.items()]
        if route.startswith("/api/dashboards/uid/"):
            return self._found(route.rpartition("/")[2])
        return 404, {"message": "Not found"}

    def _written(self, route: str, body: Any) -> Answer:
        if self.role != "Editor":
            return 403, {"message": "You'll need additional permissions: dashboards:create"}
        if route == "/api/folders":
            return self._make_folder(body)
        return self._save(body) if route == "/api/dashboards/db" else (404, {"message": "Not found"})

    def _found(self, uid: str) -> Answer:
        saved = self.boards.get(uid)
        if saved is None:
            return 404, {"message": "Dashboard not found"}
        meta = {
            "folderUid": saved["folder"],
            "url": self._address(uid),
            "provisioned": uid in self.provisioned,
        }
        return 200, {"dashboard": saved["dashboard"], "meta": meta}

    def _make_folder(self, body: Any) -> Answer:
        if set(body) != {"uid", "title"} or not body["title"]:
            return 400, {"message": "bad request data"}
        if not _UID.fullmatch(body["uid"]):
            return 400, {"message": "uid contains illegal characters or is too long"}
        if body["uid"] in self.folders or body["title"] in self.folders.values():
            return 409, {"message": "a folder with the same name already exists in the current location"}
        self.folders[body["uid"]] = body["title"]
        return 200, {"id": len(self.folders), **body, "version": 1}

    def _save(self, body: Any) -> Answer:
        board = body.get("dashboard", {})
        uid = board.get("uid") or ""
        if set(body) > _MEMBERS or not board.get("title") or not _UID.fullmatch(uid):
            return 400, {"message": "bad request data"}
        if board.get("id", 0) is not None:
            return 404, {"message": "Dashboard not found"}  # ids are those of another Grafana
        if body.get("folderUid") not in self.folders:
            return 400, {"message": "folder not found"}
        if uid in self.provisioned:
            return 400, {"message": "Cannot save provisioned dashboard"}
        return self._conflict(body, uid) or self._saved(body, uid)

    def _conflict(self, body: Any, uid: str) -> Answer | None:
        for other, saved in self.boards.items():
            same_title = saved["dashboard"]["title"] == body["dashboard"]["title"]
            if other != uid and saved["folder"] == body["folderUid"] and same_title:
                message = "A dashboard with the same name in the folder already exists"
                return 412, {"status": "name-exists", "message": message}
        before = self.boards.get(uid)
        version = body["dashboard"].get("version")
        if before is not None and not body.get("overwrite") and version != before["dashboard"]["version"]:
            message = "The dashboard has been changed by someone else"
            return 412, {"status": "version-mismatch", "message": message}
        return None

    def _saved(self, body: Any, uid: str) -> Answer:
        before = self.boards.get(uid)
        version = before["dashboard"]["version"] + 1 if before else 1
        number = before["dashboard"]["id"] if before else len(self.boards) + 1
        kept = {**body["dashboard"], "id": number, "version": version}
        self.boards[uid] = {"dashboard": kept, "folder": body["folderUid"]}
        self.messages.append(body.get("message", ""))
        told = {"id": number, "uid": uid, "url": self._address(uid), "version": version}
        return 200, {**told, "status": "success", "slug": uid}

    def _address(self, uid: str) -> str:
        return f"{self.path}/d/{uid}/{uid}"


class _Handler(QuietHandler):
    protocol_version = "HTTP/1.1"
    owner: GrafanaServer

    def _serve(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        is_json = self.headers.get("content-type") == "application/json"
        body = json.loads(content) if content and is_json else {}
        authorization = self.headers.get("authorization", "")
        status, answer = self.owner.answer(self.command, self.path, authorization, body)
        sent = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = _serve  # noqa: N815 - the names that http.server looks for
