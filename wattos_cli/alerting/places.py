"""Where the generated files lie: beside the code in a checkout, bundled in an installed program."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def dashboards_folder() -> Path:
    """Return the folder `dashboards` of this program."""
    bundled = _PACKAGE / "_bundled" / "dashboards"
    return bundled if bundled.is_dir() else _PACKAGE.parent / "dashboards"
