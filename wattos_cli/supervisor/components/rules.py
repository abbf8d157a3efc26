"""The rules that Prometheus evaluates: of the bundled objectives, or of those that wattos.toml names."""

from collections.abc import Mapping
from pathlib import PurePath

from wattos_cli.config.model import Config


def files(config: Config) -> Mapping[str, str]:
    """Return recording and alerting rules by file name; WattosError (exit 3) for a wrong SLO file."""
    from wattos_cli.alerting.files import rule_files
    from wattos_cli.alerting.slo import bundled_slos, load_slos

    path = config.setting("alerts.slo_file").value
    own = {service.name for service in config.own_services}
    book = load_slos(config.root / str(path), own) if path else bundled_slos()
    generated = rule_files(book, config.setting("alerts.time_scale").value)
    return {f"prometheus-{PurePath(name).name}": content for name, content in generated.items()}
