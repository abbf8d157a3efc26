"""What `wattos alerts check` holds rules against: registry, our engine, files, promtool, amtool."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from promql_parser import parse

from wattos_cli.alerting import recording
from wattos_cli.alerting.alert import RuleContext
from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.alerting.recorded import RecordedSource
from wattos_cli.alerting.slo import SloBook, bundled_slos
from wattos_cli.checks import Checked, up_to_date
from wattos_cli.metricstore.known_series import known_series, strangers
from wattos_cli.metricstore.promql.engine import Engine
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.steps import Span
from wattos_cli.metricstore.series import NAME, Matcher, Series
from wattos_platform import catalog

_TIMEOUT_S = 300.0
_MOST_TOLD = 2000
INSTALL = {
    "promtool": "apt-get install -y prometheus",
    "amtool": "apt-get install -y prometheus-alertmanager",
}


class _Nothing:
    """A source without a series: an expression that cannot be evaluated fails over it, too."""

    def select(self, _matchers: Sequence[Matcher], _start_ms: int, _end_ms: int) -> Iterator[Series]:
        """Yield nothing."""
        yield from ()


def of_expressions(book: SloBook) -> Iterator[Checked]:
    """Yield for each rule whether our engine evaluates it, and its metrics and labels exist.

    What a service of the user's own exposes is not known here.
    """
    context = RuleContext(book.thresholds)
    rules = [
        rule
        for slo in book.slos
        for rule in (*recording.rules_of(slo, context), recording.budget_left(slo, context))
    ]
    # Alerts ask for what objectives record, in a book without objectives too: there they stay silent.
    recorded = [rule for slo in bundled_slos().slos for rule in recording.rules_of(slo, context)]
    known = {
        **known_series(),
        **{rule.record: frozenset((NAME, *rule.labels)) for rule in (*recorded, *rules)},
    }
    engine = Engine(RecordedSource(_Nothing(), rules, Span(0, 0, 1)))
    bundled = {service.name for service in catalog.SERVICES}
    for rule in rules:
        series = known if rule.labels["job"] in bundled else None
        yield Checked(f"{rule.record} of {rule.labels['slo']}", _problem(engine, rule.expression, series))
    for alert in ALERTS:
        yield Checked(alert.name, _problem(engine, alert.expression(context), known))


def _problem(engine: Engine, expression: str, known: Mapping[str, frozenset[str]] | None) -> str:
    try:
        engine.instant(expression, 0)
    except PromqlError as error:
        return f"cannot be evaluated: {error.message}"
    return "" if known is None else "; ".join(dict.fromkeys(strangers(parse(expression), known)))


def of_files(folder: Path, shown: Path, files: Mapping[str, str]) -> Iterator[Checked]:
    """Yield whether each file below `folder` is up to date; `shown` is how a person calls the folder.

    Receivers are the operator's: of the Alertmanager's file only routes and inhibitions are compared.
    """
    command, pattern = "wattos alerts generate", "prometheus/tests/*.yml"
    return up_to_date(folder, shown, files, command, pattern=pattern, same=_same)


def were_generated(folder: Path) -> bool:
    """Return whether rules were ever generated below `folder`."""
    return (folder / "prometheus").is_dir()


def of_programs(files: Mapping[str, str], path: str, *, tests: bool) -> Iterator[Checked]:
    """Yield what promtool and amtool on `path` say of the files; with `tests` also of each alert's test."""
    rules = sorted(name for name in files if name.startswith("prometheus/") and name.count("/") == 1)
    with tempfile.TemporaryDirectory(prefix="wattos-alerts-") as folder:
        for name, text in files.items():
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_text(text, encoding="utf-8")
        promtool, amtool = (shutil.which(name, path=path) for name in INSTALL)
        if promtool:
            yield Checked("promtool check rules", _said([promtool, "check", "rules", *rules], folder))
            for name in sorted(files) if tests else ():
                if name.startswith("prometheus/tests/"):
                    said = _said([promtool, "test", "rules", name], folder)
                    yield Checked(f"promtool test rules {Path(name).name}", said)
        elif tests:
            yield Checked("promtool test rules", f"promtool is not installed: {INSTALL['promtool']}")
        if amtool:
            argv = [amtool, "check-config", "alertmanager/alertmanager.yml"]
            yield Checked("amtool check-config", _said(argv, folder))


def absent_programs(path: str) -> list[str]:
    """Return a remark for each program that is not on `path`."""
    return [
        f"{name} is not installed and was not asked: {line}"
        for name, line in INSTALL.items()
        if shutil.which(name, path=path) is None
    ]


def _said(argv: Sequence[str], folder: str) -> str:
    """Return what a program complains about, "" when it does not."""
    try:
        done = subprocess.run(
            argv,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"did not end within {_TIMEOUT_S:.0f} s"
    return " ".join(done.stdout.split())[:_MOST_TOLD] or "failed" if done.returncode else ""


def _same(name: str, found: str, text: str) -> bool:
    if not name.startswith("alertmanager/"):
        return found == text
    return bool(_routing(found) == _routing(text))


def _routing(text: str) -> Any:
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    return {**content, "receivers": None} if isinstance(content, dict) else content
