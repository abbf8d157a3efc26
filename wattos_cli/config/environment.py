"""The environment: seed names and their WATTOS_ twins, `*_FILE` secrets, and files of NAME=value lines."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from wattos_cli.config.problems import Problem
from wattos_cli.config.schema import SECRETS
from wattos_cli.named_files import read

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?')
_SINGLE_QUOTED = re.compile(r"'([^']*)'\s*(?:#.*)?")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "$": "$"}
_SECRET_LIMIT_BYTES = 65536
_ENV_FILE_LIMIT_BYTES = 1_000_000

# Names of the original system that services still read; each may also be written with WATTOS_ before it.
SEED_NAMES: tuple[str, ...] = (
    *SECRETS,
    "ALLOWED_ORIGINS",
    "ANTHROPIC_BASE_URL",
    "AZURE_OPENAI_API_VERSION",
    "AZURE_OPENAI_DEPLOYMENT",
    "AZURE_OPENAI_DEPLOYMENT_NAME",
    "AZURE_OPENAI_ENDPOINT",
    "CACHE_DEFAULT_TTL",
    "CACHE_ENABLED",
    "CACHE_MAX_SIZE",
    "CIRCUIT_BREAKER_FAILURE_THRESHOLD",
    "CIRCUIT_BREAKER_MONITORING_PERIOD",
    "CIRCUIT_BREAKER_RESET_TIMEOUT",
    "GOOGLE_BASE_URL",
    "LOG_LEVEL",
    "OLLAMA_BASE_URL",
    "OLLAMA_MODEL",
    "OPENAI_BASE_URL",
    "RATE_LIMIT",
    "RETRY_BACKOFF_MULTIPLIER",
    "RETRY_INITIAL_DELAY",
    "RETRY_MAX_ATTEMPTS",
    "RETRY_MAX_DELAY",
)


def twin(seed: str) -> str:
    """Return the WATTOS_ name of a seed name."""
    return f"WATTOS_{seed}"


def unified(environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str], list[Problem]]:
    """Return `environ` with every setting under its seed name, the variable each came from, and problems.

    A seed name and its twin that differ, a secret and its file that differ, and a secret's file that cannot
    be read are problems. The values of secrets never appear in a problem.
    """
    merged = dict(environ)
    origins: dict[str, str] = {}
    problems: list[Problem] = []
    for seed in SEED_NAMES:
        given = {name: environ[name] for name in (twin(seed), seed) if environ.get(name)}
        for name in (f"{twin(seed)}_FILE", f"{seed}_FILE") if seed in SECRETS else ():
            if environ.get(name):
                content = _secret_file(name, environ[name], problems)
                if content is not None:
                    given[name] = content
        if len(set(given.values())) > 1:
            names = " and ".join(given)
            problems.append(Problem("environment", f"{names} are both set and differ. Unset one of them."))
        elif given:
            origins[seed], merged[seed] = next(iter(given.items()))
            if twin(seed) in given:
                merged[twin(seed)] = merged[seed]
    return merged, origins, problems


def _secret_file(name: str, path: str, problems: list[Problem]) -> str | None:
    """Return the stripped content of a secret's file, or None after noting why it cannot be used."""
    try:
        content = read(Path(path), _SECRET_LIMIT_BYTES + 1)
        if len(content) > _SECRET_LIMIT_BYTES:
            problems.append(
                Problem("environment", f"{name}: {path} is larger than {_SECRET_LIMIT_BYTES} bytes.")
            )
            return None
        text = content.decode("utf-8").strip()
    except OSError as error:
        problems.append(Problem("environment", f"{name}: cannot read {path}: {error.strerror}."))
        return None
    except UnicodeDecodeError:
        problems.append(Problem("environment", f"{name}: {path} is not UTF-8 text."))
        return None
    if not text:
        problems.append(Problem("environment", f"{name}: {path} is empty."))
    return text or None


def read_env_file(path: Path) -> tuple[dict[str, str], list[Problem]]:
    """Return the variables of a file of NAME=value lines, and its problems with their lines."""
    try:
        content = read(path, _ENV_FILE_LIMIT_BYTES + 1)
        if len(content) > _ENV_FILE_LIMIT_BYTES:
            reason = f"it is larger than {_ENV_FILE_LIMIT_BYTES} bytes"
            return {}, [Problem(str(path), f"cannot read the env file: {reason}.")]
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = str(error.strerror) if isinstance(error, OSError) else "it is not UTF-8 text"
        return {}, [Problem(str(path), f"cannot read the env file: {reason}.")]
    return parse_env(text.splitlines(), str(path))


def parse_env(lines: Iterable[str], name: str) -> tuple[dict[str, str], list[Problem]]:
    """Return the variables in `lines`: quotes, `export` and comments are understood, `$X` is not expanded."""
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for number, raw in enumerate(lines, start=1):
        line = raw.strip().removeprefix("\ufeff")
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        value = _env_value(match[2].strip()) if match else None
        if match is None or value is None:
            problems.append(Problem(f"{name}:{number}:1", "expected NAME=value (or NAME='value')."))
        else:
            values[match[1]] = value
    return values, problems


def _env_value(text: str) -> str | None:
    if text.startswith('"'):
        match = _DOUBLE_QUOTED.fullmatch(text)
        return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), match[1]) if match else None
    if text.startswith("'"):
        match = _SINGLE_QUOTED.fullmatch(text)
        return match[1] if match else None
    return re.split(r"\s+#", text, maxsplit=1)[0]
