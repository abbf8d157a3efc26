"""`wattos config show`."""

from dataclasses import dataclass
from typing import Annotated

from wattos_cli.clients import running
from wattos_cli.config import Config, Setting, load
from wattos_cli.config.schema import FIELDS
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.durations import duration_text
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Argument
from wattos_cli.render import text

_DURATIONS = frozenset(field.key for field in FIELDS if field.kind in {"duration", "period"})


@dataclass(frozen=True)
class Options:
    """Which settings to show; all without a prefix."""

    prefix: str = ""


def run(opts: Options, deps: Deps) -> ExitCode:
    """Print each effective value with its origin, secrets masked."""
    config = load(running.project_of(deps).root, deps.environ)
    settings = [s for s in _all(config) if s.key.startswith(opts.prefix)]
    if not settings:
        raise WattosError(
            f"no setting starts with {opts.prefix!r}",
            hint="list all with: wattos config show",
            code="unknown_setting",
            exit_code=ExitCode.USAGE,
        )
    console = deps.console
    if console.json_output:
        rows = [{"key": s.key, "value": s.shown(), "origin": s.origin} for s in settings]
        console.json({"schema": "wattos.config-show/v1", "file": config.file, "settings": rows})
        return ExitCode.OK
    cells = [(s.key, _text(s), s.origin) for s in settings]
    console.data(
        text.table(("SETTING", "VALUE", "ORIGIN"), cells, width=console.table_width, color=console.color)
    )
    console.note(f"file: {config.file or f'none ({config.root}/wattos.toml does not exist)'}")
    return ExitCode.OK


def _all(config: Config) -> list[Setting]:
    """Return what was loaded, and the services' settings that nobody set."""
    from wattos_cli.config import platform_settings

    given = {setting.key for setting in config.settings}
    defaults = [
        Setting(f"settings.{s.name}", platform_settings.plain(s.default), "default", s.secret)
        for s in platform_settings.all_settings().values()
        if f"settings.{s.name}" not in given
    ]
    return sorted([*config.settings, *defaults], key=lambda setting: setting.key)


def _text(setting: Setting) -> str:
    """Return a value as wattos.toml has it: a duration with its unit, lists in one line."""
    value = setting.shown()
    if setting.key in _DURATIONS and isinstance(value, float):
        return duration_text(value)
    if value is None or value in ((), [], {}, ""):
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return ", ".join(sorted(value)) if isinstance(value, dict) else str(value)


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos config show`."""

    def show(
        deps: Deps,
        *,
        prefix: Annotated[str, Argument(metavar="PREFIX", help="Only settings whose name starts so.")] = "",
    ) -> ExitCode:
        """Print each setting with its value and origin; secrets are masked.

        A flag beats a WATTOS_* variable, which beats wattos.toml, which beats the default.

        Examples:
          wattos config show
          wattos config show llm
        """
        return run(Options(prefix), deps)

    return show
