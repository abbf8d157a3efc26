"""`--time-scale` of `wattos alerts generate` and `check`."""

from wattos_cli.errors import usage


def check_time_scale(given: int) -> None:
    """Raise WattosError (usage) for what no window can be divided by."""
    if given < 1:
        raise usage(f"--time-scale: expected a number from 1 on, got {given}", "--time-scale 60")
