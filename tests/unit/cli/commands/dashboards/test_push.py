"""`wattos dashboards push`, against a server that holds it to Grafana's HTTP API."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.deps import err, make_deps, out
from tests.fakes.cli.schemas import published
from tests.fakes.programs.grafana_server import GrafanaServer
from wattos_cli.clients.plain_http import PlainHttp
from wattos_cli.commands.dashboards.push import Options, run
from wattos_cli.dashboards.boards import ALL
from wattos_cli.dashboards.grafana import Grafana, folder_uid
from wattos_cli.errors import ExitCode, WattosError


@pytest.fixture
def grafana() -> Iterator[GrafanaServer]:
    with GrafanaServer() as server:
        yield server


@pytest.fixture
def token_file(tmp_path: Path, grafana: GrafanaServer) -> Path:
    path = tmp_path / "grafana.token"
    path.write_text(f"{grafana.token}\n")
    return path


def pushed(grafana: GrafanaServer, token_file: Path | None, **more: Any) -> dict[str, Any]:
    """Push and return what -o json says."""
    deps = make_deps(json_output=True, http=PlainHttp())
    assert run(Options(grafana=grafana.url, token_file=token_file, **more), deps) == ExitCode.OK
    told: dict[str, Any] = published(out(deps))
    return told


def refused(server: GrafanaServer, token_file: Path, **more: Any) -> WattosError:
    with pytest.raises(WattosError) as caught:
        pushed(server, token_file, **more)
    assert server.token not in f"{caught.value.message}{caught.value.hint}{caught.value.details}"
    return caught.value


def test_all_boards_arrive_in_a_folder_of_their_own(grafana: GrafanaServer, token_file: Path) -> None:
    told = pushed(grafana, token_file)
    assert grafana.folders == {"wattos": "wattos"}
    assert set(grafana.boards) == {board.uid for board in ALL}
    assert {saved["folder"] for saved in grafana.boards.values()} == {"wattos"}
    assert set(grafana.messages) == {"wattos 0.1.0"}
    assert [(row["uid"], row["outcome"], row["version"]) for row in told["boards"]] == [
        (board.uid, "created", 1) for board in ALL
    ]
    assert told["boards"][0]["url"] == f"{grafana.url}/d/wattos-overview/wattos-overview"


def test_a_second_push_changes_nothing(grafana: GrafanaServer, token_file: Path) -> None:
    pushed(grafana, token_file)
    grafana.requests.clear()
    told = pushed(grafana, token_file)
    assert {(row["outcome"], row["version"]) for row in told["boards"]} == {("unchanged", 1)}
    assert [request for request in grafana.requests if request.startswith("POST")] == []


def test_what_was_changed_there_is_put_right(grafana: GrafanaServer, token_file: Path) -> None:
    pushed(grafana, token_file)
    grafana.boards["wattos-llm"]["dashboard"]["title"] = "mine"
    outcomes = {row["uid"]: (row["outcome"], row["version"]) for row in pushed(grafana, token_file)["boards"]}
    assert outcomes.pop("wattos-llm") == ("updated", 2)
    assert set(outcomes.values()) == {("unchanged", 1)}
    assert grafana.boards["wattos-llm"]["dashboard"]["title"] == "wattos: models"


def test_a_folder_that_is_there_is_used_whatever_its_uid(grafana: GrafanaServer, token_file: Path) -> None:
    grafana.folders["f1"] = "Platform"
    pushed(grafana, token_file, folder="Platform")
    assert grafana.folders == {"f1": "Platform"}
    assert {saved["folder"] for saved in grafana.boards.values()} == {"f1"}


def test_boards_move_to_another_folder(grafana: GrafanaServer, token_file: Path) -> None:
    pushed(grafana, token_file)
    told = pushed(grafana, token_file, folder="Schule Nord, 2. Stock")
    assert {row["outcome"] for row in told["boards"]} == {"updated"}
    assert grafana.folders["schule-nord-2-stock"] == "Schule Nord, 2. Stock"


def test_a_selector_goes_into_every_query(grafana: GrafanaServer, token_file: Path) -> None:
    pushed(grafana, token_file, selector='cluster="school"')
    panels = grafana.boards["wattos-storage"]["dashboard"]["panels"]
    asked = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    assert asked
    assert all('cluster="school"' in expr for expr in asked)


def test_a_table_for_people_and_the_target_before_it(grafana: GrafanaServer, token_file: Path) -> None:
    deps = make_deps(http=PlainHttp())
    run(Options(grafana=f"{grafana.url}/", token_file=token_file), deps)
    assert err(deps) == f"to Grafana at {grafana.url}, folder wattos\n"
    head, first, *rest = out(deps).splitlines()
    assert head.split() == ["BOARD", "OUTCOME", "VERSION", "URL"]
    assert first.split()[-3:] == ["created", "1", f"{grafana.url}/d/wattos-overview/wattos-overview"]
    assert len(rest) == len(ALL) - 1


def test_a_grafana_below_a_path(tmp_path: Path) -> None:
    with GrafanaServer(path="/grafana") as server:
        (tmp_path / "t").write_text(server.token)
        told = pushed(server, tmp_path / "t")
        assert told["boards"][0]["url"] == f"{server.url}/d/wattos-overview/wattos-overview"


def test_the_token_of_the_environment(grafana: GrafanaServer, token_file: Path) -> None:
    for environ in ({"WATTOS_GRAFANA_TOKEN_FILE": str(token_file)}, {"WATTOS_GRAFANA_TOKEN": grafana.token}):
        deps = make_deps(environ=environ, http=PlainHttp())
        assert run(Options(grafana=grafana.url), deps) == ExitCode.OK


def test_a_wrong_token(tmp_path: Path, grafana: GrafanaServer) -> None:
    (tmp_path / "wrong").write_text("glsa_other")
    error = refused(grafana, tmp_path / "wrong")
    assert "does not know the token (HTTP 401: Invalid API key)" in error.message
    assert (error.exit_code, error.code) == (ExitCode.UNREACHABLE, "grafana_refused")
    assert "role Editor" in error.hint
    assert "glsa_other" not in f"{error.message}{error.hint}{error.details}"


def test_a_token_that_may_not_write(grafana: GrafanaServer, token_file: Path) -> None:
    grafana.role = "Viewer"
    error = refused(grafana, token_file)
    assert "the folder 'wattos'" in error.message
    assert "HTTP 403: You'll need additional permissions" in error.message
    assert error.exit_code == ExitCode.UNREACHABLE


def test_another_board_of_the_same_title(grafana: GrafanaServer, token_file: Path) -> None:
    grafana.folders["wattos"] = "wattos"
    theirs = {"uid": "mine", "title": "wattos: models", "id": 1, "version": 1}
    grafana.boards["mine"] = {"dashboard": theirs, "folder": "wattos"}
    error = refused(grafana, token_file)
    assert "the dashboard 'wattos: models'" in error.message
    assert "HTTP 412: A dashboard with the same name" in error.message
    assert "--folder NAME" in error.hint
    assert error.exit_code == ExitCode.NO


def test_a_board_that_provisioning_made(grafana: GrafanaServer, token_file: Path) -> None:
    grafana.provisioned.add("wattos-rag")
    error = refused(grafana, token_file)
    assert "HTTP 400: Cannot save provisioned dashboard" in error.message
    assert "provisioning" in error.hint


def test_a_folder_whose_uid_is_taken(grafana: GrafanaServer, token_file: Path) -> None:
    grafana.folders["my-boards"] = "Other"
    error = refused(grafana, token_file, folder="My boards")
    assert "HTTP 409" in error.message


def test_an_address_without_grafanas_path(grafana: GrafanaServer, token_file: Path) -> None:
    grafana.path = "/grafana"
    error = refused(grafana, token_file)
    assert "HTTP 404: Not found" in error.message
    assert "URL/PATH" in error.hint


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, b"<html>login</html>"), "does not speak Grafana's API: no JSON"),
        ((200, {"title": "x"}), "does not speak Grafana's API"),
        ((503, {"message": "starting\x1b[31m"}), "HTTP 503"),
        ((500, b"oops"), "HTTP 500"),
        ((302, b""), "HTTP 302"),
    ],
)
def test_answers_that_are_none(grafana: GrafanaServer, token_file: Path, answer: Any, words: str) -> None:
    grafana.answers = [answer, answer]
    error = refused(grafana, token_file)
    assert words in error.message
    assert "\x1b" not in error.message


def test_a_dashboard_that_is_answered_without_its_json(grafana: GrafanaServer) -> None:
    grafana.answers = [(200, {"meta": {}})]
    with pytest.raises(WattosError, match="a dashboard without its JSON"):
        Grafana(PlainHttp(), grafana.url, grafana.token, 5.0).push({"uid": "x", "title": "x"}, "f", "")
    grafana.answers = [(404, {}), (200, {"status": "queued"})]
    with pytest.raises(WattosError, match="was not saved"):
        Grafana(PlainHttp(), grafana.url, grafana.token, 5.0).push({"uid": "x", "title": "x"}, "f", "")


def test_nothing_listens(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("t")
    deps = make_deps(http=PlainHttp())
    with pytest.raises(WattosError, match=r"cannot reach Grafana at http://127.0.0.1:1: ") as caught:
        run(Options(grafana="http://127.0.0.1:1", token_file=tmp_path / "t"), deps)
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.UNREACHABLE, "grafana_unreachable")


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:3000", "ftp://x", "http://", "http://x:99999", "http://x/?a=b"]
)
def test_an_address_that_is_none(url: str, token_file: Path) -> None:
    with pytest.raises(WattosError, match=r"--grafana .*: no http") as caught:
        run(Options(grafana=url, token_file=token_file), make_deps())
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_password_in_the_address_is_refused_and_not_repeated(token_file: Path) -> None:
    with pytest.raises(WattosError) as caught:
        run(Options(grafana="http://admin:hunter2@127.0.0.1", token_file=token_file), make_deps())
    assert caught.value.exit_code == ExitCode.USAGE
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_no_token_and_no_name() -> None:
    with pytest.raises(WattosError, match="no token for Grafana") as caught:
        run(Options(grafana="http://127.0.0.1:1"), make_deps())
    assert caught.value.exit_code == ExitCode.USAGE
    with pytest.raises(WattosError, match="a folder needs a name"):
        run(Options(grafana="http://127.0.0.1:1", folder=" "), make_deps())


def test_the_uid_of_a_folder() -> None:
    assert folder_uid("Schule Nord") == "schule-nord"
    assert folder_uid("学校") == "wattos"
    assert len(folder_uid("x" * 99)) == 40
