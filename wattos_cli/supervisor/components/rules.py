"""The rules that Prometheus evaluates: of the bundled objectives, or of those that wattos.toml names."""

from collections.abc import Mapping
from pathlib import PurePath

from wattos_cli.config.model import Config


def files(config: Config) -> Mapping[str, str]:
    """Return recording and alerting rules by file name; WattosError (exit 3) for a wrong SLO file."""
    from wattos_cli.alerting.files import rule_files
    from wattos_cli.alerting.slo import slos_of

    generated = rule_files(slos_of(config), config.setting("alerts.time_scale").value)
    return {f"prometheus-{PurePath(name).name}": content for name, content in generated.items()}
