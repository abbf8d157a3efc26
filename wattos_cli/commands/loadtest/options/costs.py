"""Whether a load test may cost money, and how much: nothing unless both options say so."""

from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.errors import usage
from wattos_cli.loadtest.driving.travellers import FREE_MODEL

ALLOW_IT = "allow it, up to a sum: --allow-paid --max-usd 2"
LEAVE_IT_OUT = f"{ALLOW_IT}   or leave --model out: the local model is free"


def require_budget(opts: Options) -> None:
    """Raise WattosError (exit 2) for --allow-paid without a sum, or a sum that is none."""
    if opts.allow_paid and opts.max_usd is None:
        raise usage("--allow-paid needs a sum that must not be passed", "like this: --allow-paid --max-usd 2")
    if opts.max_usd is not None and not opts.allow_paid:
        raise usage("--max-usd is for paid models", "like this: --allow-paid --max-usd 2")
    if opts.max_usd is not None and not 0 < opts.max_usd <= 1_000_000:  # noqa: PLR2004 - a million dollars
        raise usage(f"--max-usd {opts.max_usd:g}: expected more than 0", "US dollars: --max-usd 2.5")
    if opts.host is not None and opts.model not in (None, FREE_MODEL) and not opts.allow_paid:
        raise usage(
            f"--model {opts.model} at another host may cost money: nobody here knows its price", LEAVE_IT_OUT
        )
