"""Where load tests lie, told without reading any."""

from pathlib import Path

import wattos_cli


def folder() -> Path:
    """Return where the load tests lie: beside the package in a checkout, within it once installed."""
    package = Path(wattos_cli.__file__).resolve().parent
    checkout = package.parent / "loadtests"
    return checkout if (checkout / "locustfile.py").is_file() else package / "_bundled" / "loadtests"


def bundled_names() -> list[str]:
    """Return the scenarios that travel with the program, in the order of the alphabet."""
    import tomllib

    return sorted(tomllib.loads((folder() / "thresholds.toml").read_text(encoding="utf-8")))
