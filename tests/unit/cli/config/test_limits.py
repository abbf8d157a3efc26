"""`[limits]`: checked by the services' own contract, with the place in wattos.toml and a suggestion."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest

from tests.fakes.cli.deps import err, make_deps, out
from wattos_cli.commands.config import show, validate
from wattos_cli.config import load
from wattos_cli.config.documentation import json_schema
from wattos_cli.diagnosis import setup
from wattos_cli.diagnosis.findings import Level
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import find
from wattos_cli.supervisor import platform_plan
from wattos_cli.supervisor.plan import differences
from wattos_cli.supervisor.platform_plan import Wanted
from wattos_platform.contracts.limits import Limits, read_limits

FULL = """
[limits]
tenant = { tokens_per_minute = 100000, usd_per_day = 0.1 }
user.concurrent_streams = 4
classes.upload = "10r/m"

[limits.tenants."st. anna"]
user = "20r/m"
tenant = "200r/h"
shadow = true

[limits.users."acme/anna.b"]
usd_per_day = 5

[limits.models."gpt-4.1"]
tokens_per_minute = 50000
"""


def write(root: Path, text: str) -> Path:
    (root / "wattos.toml").write_text(text, encoding="utf-8")
    return root


def test_what_stands_there_reaches_the_services_whole(tmp_path: Path) -> None:
    generated = json.dumps(load(write(tmp_path, FULL), {}).service_file())
    limits = read_limits(json.loads(generated))
    assert limits.model_dump(exclude_defaults=True, mode="json") == {
        "tenant": {"tokens_per_minute": 100000, "usd_per_day": "0.1"},
        "user": {"concurrent_streams": 4},
        "tenants": {"st. anna": {"user": "20r/m", "tenant": "200r/h", "shadow": True}},
        "users": {"acme/anna.b": {"usd_per_day": "5"}},
        "models": {"gpt-4.1": {"tokens_per_minute": 50000}},
        "classes": {"upload": "10r/m"},
    }


def test_without_limits_nothing_is_said_of_them(tmp_path: Path) -> None:
    assert "limits" not in load(tmp_path, {}).service_file()
    assert read_limits(load(tmp_path, {}).service_file()) == Limits()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "[limits]\ntennant = {}",
            "wattos.toml:2:1: unknown key 'tennant' in [limits]. Did you mean 'tenant'?",
            id="table",
        ),
        pytest.param(
            '[limits.models."gpt-4.1"]\ntoken_per_minute = 3',
            "wattos.toml:2:1: unknown key 'token_per_minute' in [limits.models.\"gpt-4.1\"]. "
            "Did you mean 'tokens_per_minute'?",
            id="key-of-a-model-with-a-dot",
        ),
        pytest.param(
            '[limits.users]\n"acme/anna" = { usd_pr_day = 3 }',
            "wattos.toml:2:17: unknown key 'usd_pr_day' in [limits.users.\"acme/anna\"]. "
            "Did you mean 'usd_per_day'?",
            id="key-in-an-inline-table",
        ),
        pytest.param(
            '[limits.users."acme/anna"]\nuser = "3r/m"',
            "wattos.toml:2:1: unknown key 'user' in [limits.users.\"acme/anna\"]. Known: concurrent_streams,",
            id="a-rate-where-none-may-be",
        ),
        pytest.param(
            "[limits.users.anna]\nusd_per_day = 3",
            "wattos.toml:1:2: limits.users.anna: 'anna' must be TENANT/USER",
            id="user-without-tenant",
        ),
        pytest.param(
            '[limits.classes]\nuplaod = "1r/m"',
            "wattos.toml:2:1: unknown key 'uplaod' in [limits.classes]. Did you mean 'upload'?",
            id="class",
        ),
        pytest.param(
            '[limits.tenants.acme]\nuser = "3 per minute"',
            "wattos.toml:2:1: limits.tenants.acme.user: '3 per minute' must be a rate like 100r/m",
            id="rate",
        ),
        pytest.param(
            '[limits.models."gpt-4.1"]\nconcurrent_streams = 0',
            'wattos.toml:2:1: limits.models."gpt-4.1".concurrent_streams: input should be greater than 0.',
            id="zero",
        ),
        pytest.param(
            "[limits]\ntenant.tokens_per_minute = true",
            "wattos.toml:2:1: limits.tenant.tokens_per_minute: input should be a valid integer.",
            id="boolean-is-no-number",
        ),
        pytest.param(
            "[limits]\nuser = { usd_per_day = inf }",
            "wattos.toml:2:10: limits.user.usd_per_day: input should be a finite number.",
            id="infinite",
        ),
        pytest.param(
            "[limits.tenants]\nacme = 3",
            "wattos.toml:2:1: limits.tenants.acme: expected a table like [limits.tenants.acme], got 3.",
            id="no-table",
        ),
        pytest.param("limits = 3", "wattos.toml:1:1: limits: expected a table, got 3.", id="limits-is-none"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(WattosError) as caught:
        load(write(tmp_path, text), {})
    assert caught.value.exit_code == ExitCode.CONFIG
    assert expected in caught.value.message


def test_every_mistake_is_named(tmp_path: Path) -> None:
    text = "[limits]\ntennant = 3\nuser.usd_per_day = -1\nmodel.shadow = 'perhaps'\n"
    with pytest.raises(WattosError) as caught:
        load(write(tmp_path, text), {})
    places = [problem["where"] for problem in caught.value.details["problems"]]
    assert sorted(places) == ["wattos.toml:2:1", "wattos.toml:3:1", "wattos.toml:4:1"]


def test_config_show_names_each_value_with_its_place(tmp_path: Path) -> None:
    deps = make_deps(cwd=write(tmp_path, FULL), json_output=True)
    assert show.run(show.Options("limits.users"), deps) == ExitCode.OK
    assert json.loads(out(deps))["settings"] == [
        {"key": 'limits.users."acme/anna.b".usd_per_day', "value": 5, "origin": "wattos.toml:13:1"}
    ]


def test_config_show_writes_a_duration_as_the_file_does(tmp_path: Path) -> None:
    deps = make_deps(cwd=write(tmp_path, '[metrics]\nretention = "36h"\n'))
    assert show.run(show.Options("metrics.re"), deps) == ExitCode.OK
    assert out(deps).splitlines() == [
        "SETTING            VALUE  ORIGIN",
        "metrics.retention  36h    wattos.toml:2:1",
    ]


def test_the_json_schema_knows_the_table() -> None:
    jsonschema.validate(tomllib.loads(FULL), json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"limits": {"tenant": {"tokens": 3}}}, json_schema())


def test_a_changed_limit_is_noticed_by_a_later_up(tmp_path: Path) -> None:
    before = platform_plan.build(load(write(tmp_path, FULL), {}), Wanted()).digests
    after = platform_plan.build(load(write(tmp_path, FULL.replace("4", "5")), {}), Wanted()).digests
    assert differences(before, after) == ["[limits]"]


def test_pydantic_is_imported_for_limits_only(tmp_path: Path) -> None:
    code = "import pathlib, sys; from wattos_cli.config import load; load(pathlib.Path('.'), {}); "
    for text, expected in (("port_offset = 100", "False"), (FULL, "True")):
        done = subprocess.run(
            [sys.executable, "-c", code + "print('pydantic' in sys.modules)"],
            cwd=write(tmp_path, text),
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        assert done.stdout.strip() == expected


@pytest.mark.parametrize(
    ("llm", "models", "told"),
    [
        pytest.param("", ["default", "wattos-extractive", "wattos-minilm"], {}, id="always-there"),
        pytest.param("", ["gpt-4o"], {"gpt-4o": "Known: default"}, id="no-provider-serves-it"),
        pytest.param(
            '[llm]\naliases.fast = ["local/x"]',
            ["fast", "fats"],
            {"fats": "Did you mean 'fast'?"},
            id="alias",
        ),
        pytest.param(
            '[llm]\nproviders = ["openai"]',
            ["anything", "openai/gpt-4o", "meta/llama", "azure/gpt-4o"],
            {"azure/gpt-4o": "Known: openai."},
            id="a-provider-may-serve-what-only-the-service-knows",
        ),
    ],
)
def test_a_limit_for_a_model_that_nothing_serves_is_told(
    tmp_path: Path, llm: str, models: list[str], told: dict[str, str]
) -> None:
    tables = "".join(f'[limits.models."{name}"]\nusd_per_day = 1\n' for name in models)
    deps = make_deps(cwd=write(tmp_path, f"{llm}\n{tables}"))
    assert validate.run(validate.Options(), deps) == ExitCode.OK
    notes = [line for line in err(deps).splitlines() if line.startswith("limits.models")]
    assert len(notes) == len(told)
    for note, (name, hint) in zip(notes, told.items(), strict=True):
        assert note.startswith(f"limits.models: {name!r} has no effect")
        assert hint in note
    found = setup.limits(find(tmp_path), deps)
    assert [each.level for each in found] == ([Level.WARNING] * len(told) or [Level.OK])
