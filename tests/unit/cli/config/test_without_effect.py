"""What is set but changes nothing is said, not accepted silently; what cannot work ends with exit code 3."""

from pathlib import Path

import pytest

from tests.fakes.cli.deps import err, make_deps
from wattos_cli.commands.config import validate
from wattos_cli.config import load
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.supervisor import up_messages

SENTENCE = "DATABASE_URL is set but has no effect: each service keeps its rows in a SQLite file of its own."


@pytest.mark.parametrize(
    ("environ", "notes"), [({}, 0), ({"DATABASE_URL": "sqlite:///x.db"}, 1)], ids=["not set", "sqlite"]
)
def test_a_database_url_without_effect_is_named(tmp_path: Path, environ: dict[str, str], notes: int) -> None:
    deps = make_deps(cwd=tmp_path, environ=environ)
    assert validate.run(validate.Options(), deps) == ExitCode.OK
    up_messages.tell_next(load(tmp_path, environ), {}, deps, simulated=False)
    assert deps.console.stderr.getvalue().count(SENTENCE) == 2 * notes


@pytest.mark.parametrize(
    ("environ", "simulated", "told"),
    [({}, False, True), ({"OPENAI_API_KEY": "k"}, False, False), ({}, True, False)],
    ids=["no key", "key", "simulator"],
)
def test_up_says_that_a_named_provider_has_no_key(
    tmp_path: Path, environ: dict[str, str], simulated: bool, told: bool
) -> None:
    deps = make_deps(cwd=tmp_path, environ=environ)
    config = load(tmp_path, environ, {"llm.providers": ("openai",)})
    up_messages.tell_next(config, {}, deps, simulated=simulated)
    assert ("openai has no key and is not asked. Set OPENAI_API_KEY" in err(deps)) is told


@pytest.mark.parametrize(
    ("key", "told"), [("sk-1", True), ("wk_1", False)], ids=["theirs", "of `wattos env`"]
)
def test_up_names_a_providers_key_that_is_not_used(tmp_path: Path, key: str, told: bool) -> None:
    deps = make_deps(cwd=tmp_path)
    up_messages.tell_next(load(tmp_path, {"OPENAI_API_KEY": key}), {}, deps, simulated=False)
    assert ("OPENAI_API_KEY is set but not used" in err(deps)) is told


@pytest.mark.parametrize(
    ("stale", "told"),
    [
        ({}, "Model providers"),
        ({"rag": ["LOG_LEVEL"]}, "Model providers"),
        ({"llm-gateway": ["[llm]"]}, "Model providers, once it is renewed"),
    ],
)
def test_up_does_not_call_providers_active_that_wait_for_a_renewal(
    tmp_path: Path, stale: dict[str, list[str]], told: str
) -> None:
    deps = make_deps(cwd=tmp_path)
    config = load(tmp_path, {}, {"llm.providers": ("openai",)})
    up_messages.tell_next(config, {"stale": stale}, deps, simulated=True)
    played = "openai (the simulator stands in: no request leaves this machine), then local"
    assert f"{told}: {played}" in err(deps).splitlines()


@pytest.mark.parametrize("toml", [False, True], ids=["environment", "wattos.toml"])
def test_a_database_that_no_service_can_use_is_refused(tmp_path: Path, toml: bool) -> None:
    url = "postgresql://u:h3mlich@h/x"
    if toml:
        (tmp_path / "wattos.toml").write_text(f'[settings]\ndatabase_url = "{url}"\n')
    deps = make_deps(cwd=tmp_path, environ={} if toml else {"DATABASE_URL": url})
    with pytest.raises(WattosError) as refused:
        validate.run(validate.Options(), deps)
    assert refused.value.exit_code == ExitCode.CONFIG
    assert "names a database that services cannot use yet; unset it" in refused.value.message
    assert ("wattos.toml:2:1: settings.database_url" in refused.value.message) is toml
    assert "h3mlich" not in refused.value.message + (refused.value.hint or "")


def test_a_redis_url_that_cannot_work_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WattosError) as refused:
        load(tmp_path, {"REDIS_URL": "redis://:h3m/lich@h"})
    assert refused.value.exit_code == ExitCode.CONFIG
    assert "REDIS_URL: is not a valid URL; write redis://" in refused.value.message
    assert "h3m" not in refused.value.message


@pytest.mark.parametrize(("folder", "told"), [("docs", "docs/"), ("src", "PATH")])
def test_up_names_a_folder_of_documents_only_if_it_is_there(tmp_path: Path, folder: str, told: str) -> None:
    (tmp_path / folder).mkdir()
    deps = make_deps(cwd=tmp_path)
    up_messages.tell_next(load(tmp_path, {}), {}, deps, simulated=False)
    assert f"Next:\n  wattos ingest {told}\n" in err(deps)


def test_services_with_the_same_older_settings_stand_in_one_line(tmp_path: Path) -> None:
    deps = make_deps(cwd=tmp_path)
    stale = {"rag": ["code"], "chat": ["code"], "llm-gateway": ["[llm]"]}
    up_messages.tell_next(load(tmp_path, {}), {"stale": stale}, deps, simulated=False)
    assert err(deps).splitlines()[:2] == [
        "rag, chat run with older settings (code). Renew them with: wattos up --recreate",
        "llm-gateway runs with older settings ([llm]). Renew it with: wattos config reload",
    ]
