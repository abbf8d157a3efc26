"""The URL to which Alertmanager sends what fires: `[alerts] webhook_url_file` of wattos.toml."""

from urllib.parse import urlsplit

from wattos_cli.config.model import Config
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.named_files import read

_KEY = "alerts.webhook_url_file"
_LIMIT_BYTES = 65_536


def url(config: Config) -> str:
    """Return the URL in the file that is named, "" when none is.

    WattosError (exit 3) when the file cannot be read or holds no URL. What it holds is never shown: whoever
    knows such an address may write to it.
    """
    setting = config.setting(_KEY)
    if not setting.value:
        return ""
    path = config.root / str(setting.value)
    try:
        content = read(path, _LIMIT_BYTES + 1)
        text = content.decode().strip()
    except OSError as error:
        raise _error(f"cannot read {path}: {error.strerror}", setting.origin) from error
    except UnicodeDecodeError as error:
        raise _error(f"{path} is no text", setting.origin) from error
    if len(content) > _LIMIT_BYTES:
        raise _error(f"{path} is larger than {_LIMIT_BYTES} bytes", setting.origin)
    if not _is_url(text):
        raise _error(f"{path} holds no http(s) URL", setting.origin)
    return text


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not any(map(str.isspace, text))


def _error(reason: str, origin: str) -> WattosError:
    return WattosError(
        f"{_KEY} ({origin}): {reason}",
        hint="write the address of the receiver into that file, one line: https://...",
        code="config_invalid",
        exit_code=ExitCode.CONFIG,
    )
