"""`wattos token` and `wattos env` make credentials at the gateway's operations listener."""

from pathlib import Path

import pytest

from tests.fakes.cli.deps import err, make_deps, out, write_running
from tests.fakes.cli.http import FakeHttp
from tests.fakes.cli.schemas import published
from wattos_cli.commands import env
from wattos_cli.commands.token import create, revoke
from wattos_cli.deps import NoReplyError, Reply
from wattos_cli.errors import ExitCode, WattosError

OPS = "unix:/run/gateway.sock"
MADE = {
    "token": "wk_secret",
    "id": "k1",
    "tenant": "school",
    "role": "viewer",
    "expires_at": "2030-01-01T00:00:00Z",
}
OPTIONS = create.Options("school", create.Role.VIEWER, "ann", 90.0, jwt=False, quiet=False)


@pytest.fixture
def http(tmp_path: Path) -> FakeHttp:
    write_running(tmp_path, {"name": "gateway", "url": "http://127.0.0.1:3001"})
    http = FakeHttp()
    http.answer(OPS, "/admin/tokens", MADE, 201)
    http.answer(OPS, "/admin/tokens/revoke", {"id": "k1", "revoked_at": "now"})
    return http


def test_create_asks_the_gateway_with_the_operator_token(tmp_path: Path, http: FakeHttp) -> None:
    http.answer(OPS, "/admin/tokens", {**MADE, "expires_at": "2030-01-01T00:00:00.000000Z"}, 201)
    deps = make_deps(cwd=tmp_path, http=http)
    assert create.run(OPTIONS, deps) == ExitCode.OK
    assert out(deps) == "wk_secret\n"
    assert "until 2030-01-01T00:00:00Z" in err(deps)
    method, address, path, body, headers = http.requests[0]
    assert (method, address, path) == ("POST", OPS, "/admin/tokens")
    assert body == {"tenant": "school", "user": "ann", "role": "viewer", "ttl_s": 90, "jwt": False}
    assert headers["Authorization"] == "Bearer op-token"


def test_create_json(tmp_path: Path, http: FakeHttp) -> None:
    deps = make_deps(cwd=tmp_path, http=http, json_output=True)
    create.run(OPTIONS, deps)
    assert published(out(deps)) == {"schema": "wattos.token-create/v1", **MADE}


def test_github_masks_the_token(tmp_path: Path, http: FakeHttp) -> None:
    deps = make_deps(cwd=tmp_path, http=http, environ={"GITHUB_ACTIONS": "true"})
    create.run(OPTIONS, deps)
    assert err(deps).startswith("::add-mask::wk_secret\n")


@pytest.mark.parametrize(
    ("target", "stdin", "expected"),
    [
        ("k1", "", {"id": "k1"}),
        ("wk_abc", "", {"token": "wk_abc"}),
        ("a.b.c", "", {"token": "a.b.c"}),
        ("-", "wk_abc\n", {"token": "wk_abc"}),
    ],
)
def test_revoke(tmp_path: Path, http: FakeHttp, target: str, stdin: str, expected: dict[str, str]) -> None:
    deps = make_deps(cwd=tmp_path, http=http, stdin=stdin)
    assert revoke.run(revoke.Options(target), deps) == ExitCode.OK
    assert http.requests[0][3] == expected


def test_revoke_of_nothing_is_a_usage_error(tmp_path: Path, http: FakeHttp) -> None:
    with pytest.raises(WattosError) as caught:
        revoke.run(revoke.Options("-"), make_deps(cwd=tmp_path, http=http))
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("reply", "exit_code", "code"),
    [
        (NoReplyError("connection refused"), ExitCode.UNREACHABLE, "service_unreachable"),
        (Reply(404, {}, b'{"code":"token_not_found","message":"No token"}'), ExitCode.NO, "token_not_found"),
        (Reply(500, {}, b"<html>"), ExitCode.NO, "refused"),
    ],
)
def test_refusals(
    tmp_path: Path, http: FakeHttp, reply: Reply | Exception, exit_code: int, code: str
) -> None:
    http.replies[OPS, "/admin/tokens/revoke"] = reply
    with pytest.raises(WattosError) as caught:
        revoke.run(revoke.Options("k1"), make_deps(cwd=tmp_path, http=http))
    assert (caught.value.exit_code, caught.value.code) == (exit_code, code)
    assert caught.value.hint
    assert ("token create" in caught.value.hint) == (code == "token_not_found")


def test_not_running_is_exit_4(tmp_path: Path) -> None:
    with pytest.raises(WattosError) as caught:
        create.run(OPTIONS, make_deps(cwd=tmp_path))
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.UNREACHABLE, "platform_not_running")


def variables(token: str) -> list[str]:
    return [
        "OPENAI_BASE_URL=http://127.0.0.1:3001/v1",
        f"OPENAI_API_KEY={token}",
        "ANTHROPIC_BASE_URL=http://127.0.0.1:3001",
        f"ANTHROPIC_API_KEY={token}",
    ]


def test_env_prints_exports(tmp_path: Path, http: FakeHttp) -> None:
    deps = make_deps(cwd=tmp_path, http=http)
    env.run(env.Options(env.Format.SHELL), deps)
    assert out(deps).splitlines() == [f"export {line}" for line in variables("wk_secret")]
    assert http.requests[0][3]["ttl_s"] == 600


def test_env_for_github_masks_and_appends(tmp_path: Path, http: FakeHttp) -> None:
    file = tmp_path / "github_env"
    deps = make_deps(cwd=tmp_path, http=http, environ={"GITHUB_ENV": str(file), "WATTOS_TOKEN": "wk_mine"})
    env.run(env.Options(env.Format.GITHUB), deps)
    assert out(deps) == "::add-mask::wk_mine\n"
    assert file.read_text().splitlines() == variables("wk_mine")
    assert http.requests == []


def test_without_a_file_for_github_no_key_is_made(tmp_path: Path, http: FakeHttp) -> None:
    deps = make_deps(cwd=tmp_path, http=http)
    with pytest.raises(WattosError, match="GITHUB_ENV, which is not set"):
        env.run(env.Options(env.Format.GITHUB), deps)
    assert (out(deps), http.requests) == ("", [])


def test_a_lifetime_beyond_a_year_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(WattosError, match="at most 366 days") as caught:
        create.command()(make_deps(cwd=tmp_path), ttl="8785h")
    assert caught.value.exit_code == ExitCode.USAGE
