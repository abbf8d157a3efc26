"""What was asked for: the scenario with the command line's changes, checked before anything starts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattos_cli.errors import usage
from wattos_cli.loadtest.scenarios import Scenario, scenario
from wattos_cli.loadtest.thresholds import Threshold, parse

if TYPE_CHECKING:
    from wattos_cli.commands.loadtest.run import Options

_MOST_USERS = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """The run as it will be."""

    scenario: Scenario
    users: int
    spawn_rate: float
    duration_s: float
    thresholds: tuple[Threshold, ...]


def asked_for(opts: "Options") -> Asked:
    """Return the run that the options mean; WattosError (exit 2) naming the option that is wrong."""
    found = scenario(opts.scenario)
    users = found.users if opts.users is None else opts.users
    spawn_rate = min(found.spawn_rate, users) if opts.spawn_rate is None else opts.spawn_rate
    if not 1 <= users <= _MOST_USERS:
        raise usage(f"--users {users}: expected 1 to {_MOST_USERS}", "one process carries some hundred users")
    if spawn_rate <= 0:
        raise usage(f"--spawn-rate {spawn_rate:g}: expected more than 0", "five a second: --spawn-rate 5")
    return Asked(
        found,
        users,
        spawn_rate,
        found.duration_s if opts.duration_s is None else opts.duration_s,
        tuple(parse(text) for text in opts.thresholds or found.thresholds),
    )
