"""Where the generated files lie: beside the code in a checkout, bundled in an installed program."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def dashboards_folder() -> Path:
    """Return the folder `dashboards` of this program."""
    return _folder("dashboards", "dashboards")


def runbook(alert: str) -> str:
    """Return the text of an alert's runbook."""
    return (_folder("runbooks", "docs/runbooks") / f"{alert}.md").read_text(encoding="utf-8")


def _folder(bundled: str, checkout: str) -> Path:
    folder = _PACKAGE / "_bundled" / bundled
    return folder if folder.is_dir() else _PACKAGE.parent / checkout
