"""What is scraped: the operations socket of each replica of ours, the metrics of services that are not."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wattos_cli.supervisor.addresses import Address, address_of
from wattos_cli.supervisor.replica_host import State

_OWN_PATH = "/metrics"


@dataclass(frozen=True, slots=True)
class Target:
    """One replica and where its metrics are."""

    job: str
    instance: str
    address: Address
    path: str

    @property
    def labels(self) -> dict[str, str]:
        """Return the labels that each of its series bears."""
        return {"job": self.job, "instance": self.instance}


def targets(rows: Iterable[Mapping[str, Any]], known: Collection[str] = ()) -> list[Target]:
    """Return the targets among the replicas, as services.json has them.

    One that is stopped is none, nor one in its first start; one that has crashed stays, and is down. `known`
    are the instances that were targets before: those are down while they start again.
    """
    found = []
    for row in rows:
        instance = f"{row['name']}-{row['replica']}"
        first_start = row["state"] == State.STARTING and instance not in known
        if row["state"] == State.STOPPED or first_start:
            continue
        if row["ops_socket"]:
            found.append(Target(row["name"], instance, Address(path=row["ops_socket"]), _OWN_PATH))
        elif row["metrics"]:
            address, path = address_of(row["metrics"])
            found.append(Target(row["name"], instance, address, path))
    return found
