"""The steps of a query and what it may cost."""

from dataclasses import dataclass

from wattos_cli.metricstore.promql.errors import PromqlError


@dataclass(frozen=True)
class Span:
    """The steps of a query, in Unix milliseconds; an instant query has one."""

    start_ms: int
    end_ms: int
    step_ms: int

    @property
    def times(self) -> range:
        """The time of each step."""
        return range(self.start_ms, self.end_ms + 1, self.step_ms)

    @property
    def is_instant(self) -> bool:
        """Whether there is one step only, by the query's own words."""
        return self.start_ms == self.end_ms


@dataclass
class Budget:
    """How many samples a query may still touch; PromqlError beyond it."""

    limit: int
    used: int = 0

    def spend(self, samples: int) -> None:
        """Count `samples` more."""
        self.used += samples
        if self.used > self.limit:
            raise PromqlError(
                f"the query needs more than {self.limit} samples: narrow its series, time range or step"
            )
