"""wattos.toml, environment and flags become one Config, or an error that names the place."""

import json
from pathlib import Path

import pytest

from wattos_cli.config import load
from wattos_cli.config.environment import SEED_NAMES, parse_env
from wattos_cli.config.llm import unaddressed
from wattos_cli.config.platform_settings import all_settings
from wattos_cli.errors import ExitCode, WattosError


def write(root: Path, text: str) -> Path:
    (root / "wattos.toml").write_text(text)
    return root


def failure(root: Path, environ: dict[str, str] | None = None) -> WattosError:
    with pytest.raises(WattosError) as caught:
        load(root, environ or {})
    assert caught.value.exit_code == ExitCode.CONFIG
    return caught.value


def test_without_file_everything_is_default(tmp_path: Path) -> None:
    config = load(tmp_path, {})
    assert (config.port_offset, config.up_timeout_s, config.llm["providers"]) == (0, 60.0, [])
    assert {setting.origin for setting in config.settings} == {"default"}


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    write(tmp_path, 'port_offset = 100\n[up]\ntimeout = "10s"\nwith = ["redis"]\nstart = "exec"\n')
    environ = {"WATTOS_PORT_OFFSET": "200", "WATTOS_UP_TIMEOUT": "2m"}
    config = load(tmp_path, environ, {"port_offset": 300})
    got = {
        key: (config.setting(key).value, config.setting(key).origin)
        for key in ("port_offset", "up.timeout", "up.with", "up.start", "llm.providers")
    }
    assert got == {
        "port_offset": (300, "flag"),
        "up.timeout": (120.0, "env WATTOS_UP_TIMEOUT"),
        "up.with": (("redis",), "wattos.toml:4:1"),
        "up.start": ("exec", "wattos.toml:5:1"),
        "llm.providers": ((), "default"),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'port_offset = 100\n\n[llm]\nprovders = ["openai"]\n',
            "wattos.toml:4:1: unknown key 'provders' in [llm]. Did you mean 'providers'?",
            id="misspelt-key",
        ),
        pytest.param(
            "[ump]\ntimeout=1\n", "wattos.toml:1:2: unknown key 'ump'. Did you mean 'up'?", id="table"
        ),
        pytest.param(
            'llm = { providers = ["opnai"] }',
            "wattos.toml:1:9: llm.providers: no such provider 'opnai'. Did you mean 'openai'?",
            id="inline-table",
        ),
        pytest.param(
            "port_offset = 50", "wattos.toml:1:1: port_offset: expected a multiple of 100", id="offset"
        ),
        pytest.param(
            '[llm]\nproviders = ["bard"]',
            "wattos.toml:2:1: llm.providers: no such provider 'bard'",
            id="not-yet",
        ),
        pytest.param(
            '[[llm.prices]]\nprovider = "openai"\nmodel = "x"\ninput = 1\noutput = 2\ncahced_input = 1\n',
            "wattos.toml:6:1: unknown key 'cahced_input' in [llm.prices.0]. Did you mean 'cached_input'?",
            id="price-key",
        ),
        pytest.param(
            '[[llm.prices]]\nprovider = "opnai"\nmodel = "x"\ninput = 1\noutput = 2',
            "wattos.toml:2:1: llm.prices: no such provider 'opnai'. Did you mean 'openai'?",
            id="price-of-nobody",
        ),
        pytest.param(
            '[[llm.prices]]\nprovider = "openai"\nmodel = "x"\ninput = "PRICE"\noutput = 2',
            "wattos.toml:4:1: llm.prices.0.input: expected US dollars per million tokens like 2.5",
            id="price-that-is-none",
        ),
        pytest.param(
            '[[llm.prices]]\nprovider = "openai"\nmodel = "x"\ninput = 0.0000001\noutput = 2',
            "wattos.toml:4:1: llm.prices.0.input: expected US dollars per million tokens like 2.5",
            id="price-too-fine",
        ),
        pytest.param(
            '[[llm.prices]]\nprovider = "openai"\nmodel = "x"\ninput = 1',
            "wattos.toml:1:3: llm.prices: output is missing.",
            id="price-missing",
        ),
        pytest.param(
            '[[llm.prices]]\nprovider = "openai"\nmodel = "x"\ninput = 1\noutput = 2\nsince = "soon"',
            "wattos.toml:6:1: llm.prices.0.since: expected a day like 2026-01-31, got 'soon'",
            id="price-day",
        ),
        pytest.param(
            2 * '[[llm.prices]]\nprovider = "openai"\nmodel = "x"\ninput = 1\noutput = 2\n',
            "wattos.toml:6:3: llm.prices: openai/x has two prices for the same time.",
            id="price-twice",
        ),
        pytest.param(
            '[[llm.prices]]\nprovider = "openai"\nmodel = "x"\ninput = 1\noutput = 2\nabove = 9',
            "wattos.toml:6:1: llm.prices: openai/x has a price for long prompts only",
            id="price-for-long-prompts-only",
        ),
        pytest.param(
            "[llm]\nprices = 3", "wattos.toml:2:1: llm.prices: expected tables", id="price-is-no-table"
        ),
        pytest.param(
            '[llm.provider.house]\nkind = "openai"',
            "wattos.toml:1:2: llm.provider.house: base_url is missing",
            id="own-provider",
        ),
        pytest.param(
            '[llm.provider.house]\nbase_url = "https://u:p@h/v1"',
            "wattos.toml:2:1: llm.provider.house.base_url: expected http:// or https://",
            id="base-url",
        ),
        pytest.param(
            '[llm.aliases]\nfast = ["openai/gpt-4o-mini"]',
            "wattos.toml:2:1: llm.aliases.fast: 'openai/gpt-4o-mini' must be PROVIDER/MODEL",
            id="alias",
        ),
        pytest.param("port_offset = true", "expected a whole number, got True", id="boolean-is-no-number"),
        pytest.param(
            '[up]\n  timeout = "soon"', "wattos.toml:2:3: up.timeout: expected a duration", id="duration"
        ),
        pytest.param('[up]\nstart = "thread"', "expected one of fork, exec, got 'thread'", id="choice"),
        pytest.param("[ports]\nchat = 70000", "wattos.toml:2:1: ports.chat: expected a port", id="port"),
        pytest.param(
            "[ports]\nchta = 7000",
            "wattos.toml:2:1: unknown key 'chta' in [ports]. Did you mean 'chat'?",
            id="port-name",
        ),
        pytest.param(
            "up = 3", "wattos.toml:1:1: up: expected a table like [up], got 3", id="scalar-for-table"
        ),
        pytest.param("a = [1,\n", "wattos.toml:2:1: Invalid value", id="syntax"),
        pytest.param('a = "\\q"', "wattos.toml:1:", id="escape"),
        pytest.param(
            "[settings]\nlog_levl = 'debug'",
            "wattos.toml:2:1: unknown key 'log_levl' in [settings]. Did you mean 'log_level'?",
            id="settings-name",
        ),
        pytest.param(
            "[settings]\nlog_level = 'loud'",
            "wattos.toml:2:1: settings.log_level: must look like",
            id="settings-value",
        ),
        pytest.param(
            "[services.shop]\nport = 1",
            "wattos.toml:1:2: services.shop: give either `command`",
            id="own-none",
        ),
        pytest.param(
            "[services.shop]\ncommand = 'run me'",
            "wattos.toml:2:1: services.shop.command: expected a list",
            id="own-shell",
        ),
        pytest.param("[services.Shop]\nurl = 'http://x'", "services.Shop: a name is a-z", id="own-name"),
        pytest.param(
            "[services.shop]\ncommand=['x']\ndepends_on=['rga']",
            "depends on 'rga'. Did you mean 'rag'?",
            id="own-dependency",
        ),
        pytest.param(
            "[services.a]\ncommand=['x']\ndepends_on=['b']\n[services.b]\ncommand=['x']\ndepends_on=['a']",
            "services.a depends on itself: a -> b -> a",
            id="own-circle",
        ),
        pytest.param(
            "[services.shop]\ncommand=['x']\nport=3001",
            "port 3001 is also the port of gateway",
            id="own-port",
        ),
        pytest.param(
            "[services.chat]\ncommand=['x']", "unknown key 'command' in [services.chat]", id="bundled-command"
        ),
    ],
)
def test_wrong_file_names_place_and_remedy(tmp_path: Path, text: str, expected: str) -> None:
    error = failure(write(tmp_path, text))
    assert expected in error.message
    assert "wattos config validate" in error.hint


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    error = failure(write(tmp_path, "x = 1\n[up]\ntimeout = 'x'\n"), {"WATTOS_PORT_OFFSET": "7"})
    assert [problem["where"] for problem in error.details["problems"]] == [
        "wattos.toml:1:1",
        "wattos.toml:3:1",
        "environment",
    ]


def test_not_utf8_is_told(tmp_path: Path) -> None:
    (tmp_path / "wattos.toml").write_bytes(b"a = '\xff'")
    assert "not UTF-8 text (byte 5)" in failure(tmp_path).message


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "wattos.toml").write_bytes(b"\xef\xbb\xbfport_offset = 100\n")
    assert load(tmp_path, {}).port_offset == 100


def test_seed_name_and_twin_that_differ_name_both(tmp_path: Path) -> None:
    error = failure(tmp_path, {"REDIS_URL": "redis://a:secret@h", "WATTOS_REDIS_URL": "redis://b"})
    assert "WATTOS_REDIS_URL and REDIS_URL are both set and differ" in error.message
    assert "secret" not in error.message


def test_twin_reaches_services_under_the_seed_name(tmp_path: Path) -> None:
    config = load(tmp_path, {"WATTOS_REDIS_URL": "redis://b"})
    assert config.environ["REDIS_URL"] == "redis://b"
    assert config.setting("settings.redis_url").origin == "env WATTOS_REDIS_URL"
    assert config.setting("settings.redis_url").shown() == "********"


def test_secret_from_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("sk-abc\n")
    assert load(tmp_path, {"OPENAI_API_KEY_FILE": str(secret)}).environ["OPENAI_API_KEY"] == "sk-abc"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(None, "cannot read", id="missing"),
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"\xff\xfe", "is not UTF-8", id="binary"),
        pytest.param(b"x" * 70000, "is larger than", id="large"),
    ],
)
def test_unusable_secret_file_is_told(tmp_path: Path, content: bytes | None, expected: str) -> None:
    secret = tmp_path / "key"
    if content is not None:
        secret.write_bytes(content)
    error = failure(tmp_path, {"WATTOS_OPENAI_API_KEY_FILE": str(secret)})
    assert "WATTOS_OPENAI_API_KEY_FILE" in error.message
    assert expected in error.message


def test_env_file_only_when_named_and_below_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('export LOG_LEVEL=\'debug\'  # loud\nOPENAI_API_KEY="a\\"b"\n')
    assert "OPENAI_API_KEY" not in load(tmp_path, {}).environ
    write(tmp_path, '[env]\nfile = ".env"\n')
    config = load(tmp_path, {"LOG_LEVEL": "error"})
    assert (config.environ["LOG_LEVEL"], config.environ["OPENAI_API_KEY"]) == ("error", 'a"b')


def test_env_file_errors_name_the_line() -> None:
    _, problems = parse_env(["A=1", "", "what is this", "B='open"], ".env")
    assert [problem.where for problem in problems] == [".env:3:1", ".env:4:1"]


def test_own_services(tmp_path: Path) -> None:
    text = """
[services.shop]
command = ["python", "-m", "shop"]
port = 8000
health = "/ready"
depends_on = ["rag"]
cwd = "shop"
env = { DEBUG = true, N = 3 }
[services.mail]
url = "http://127.0.0.1:25"
[services.agent]
enabled = false
[services.chat]
port = 4006
env = { X = "y" }
"""
    config = load(write(tmp_path, text), {})
    shop, mail = config.own_services
    assert (shop.command, shop.cwd, shop.env) == (
        ("python", "-m", "shop"),
        tmp_path / "shop",
        {"DEBUG": "true", "N": "3"},
    )
    assert mail.url == "http://127.0.0.1:25"
    assert config.setting("services.shop.health").origin == "wattos.toml:5:1"
    assert config.setting("services.shop.env").shown() == ["DEBUG", "N"]
    assert (config.disabled, config.ports, config.bundled_env) == (
        {"agent"},
        {"chat": 4006},
        {"chat": {"X": "y"}},
    )


def test_settings_reach_the_environment_of_services(tmp_path: Path) -> None:
    config = load(write(tmp_path, "[settings]\nlog_level = 'debug'\ncache_enabled = false\n"), {})
    assert (config.environ["LOG_LEVEL"], config.environ["CACHE_ENABLED"]) == ("debug", "false")
    assert config.setting("settings.log_level").origin == "wattos.toml:2:1"


def test_llm_section_reaches_the_services_file(tmp_path: Path) -> None:
    text = """
[llm]
providers = ["house", "ollama"]
aliases.fast = ["house/small"]
[llm.provider.house]
base_url = "https://models.example/v1"
models = ["small"]
"""
    file = load(write(tmp_path, text), {}).service_file()
    assert json.loads(json.dumps(file))["llm"] == {
        "providers": ["house", "ollama"],
        "aliases": {"fast": ["house/small"]},
        "provider": {"house": {"base_url": "https://models.example/v1", "models": ["small"]}},
    }


def test_deployments_reach_the_services_file(tmp_path: Path) -> None:
    text = """
[llm]
providers = ["azure"]
[llm.provider.azure]
api_version = "v1"
[llm.provider.azure.deployments]
"gpt-4o-mini" = "school-mini"
"""
    config = load(write(tmp_path, text), {})
    given = {"api_version": "v1", "deployments": {"gpt-4o-mini": "school-mini"}}
    assert json.loads(json.dumps(config.service_file()))["llm"]["provider"] == {"azure": given}
    assert unaddressed(config.llm, {}) == {"azure": "AZURE_OPENAI_ENDPOINT"}
    assert unaddressed(config.llm, {"AZURE_OPENAI_ENDPOINT": "https://h"}) == {}


def test_every_seed_name_of_the_services_is_known_to_the_command_line() -> None:
    names = {v for s in all_settings().values() for v in s.variables if not v.startswith("WATTOS_")}
    assert names - {"JWT_SECRET_FILE"} <= set(SEED_NAMES)


OWN_PRICES = """
[llm]
providers = ["openai"]

[[llm.prices]]
provider = "openai"
model = "gpt-5-mini"
input = 0.2
cached_input = "0.02"
output = 1
since = 2026-07-01

[[llm.prices]]
provider = "house"
model = "*"
input = 0
output = 0

[[llm.prices]]
provider = "house"
model = "*"
input = 1
output = 2
above = 1000

[llm.provider.house]
base_url = "http://127.0.0.1:9/v1"
"""


def test_prices_of_ones_own_reach_the_services_exactly(tmp_path: Path) -> None:
    config = load(write(tmp_path, OWN_PRICES), {})
    dear = {"input": "0.2", "cached_input": "0.02", "output": "1", "since": "2026-07-01"}
    assert json.loads(json.dumps(config.service_file()))["llm"]["prices"] == [
        {"provider": "openai", "model": "gpt-5-mini", **dear},
        {"provider": "house", "model": "*", "input": "0", "output": "0"},
        {"provider": "house", "model": "*", "input": "1", "output": "2", "above": 1000},
    ]
    setting = config.setting("llm.prices.0.cached_input")
    assert (setting.value, setting.origin) == ("0.02", "wattos.toml:9:1")
