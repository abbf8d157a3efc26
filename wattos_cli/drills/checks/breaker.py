"""Kind `breaker`: the state of a circuit breaker, in every replica that has it."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from wattos_cli.drills.checks.check import CheckContext, CheckForm, Judged, listed

State = Literal["closed", "open", "half_open", "forced_open", "disabled", "metrics_only"]


class BreakerForm(CheckForm):
    """`breaker = "llm:openai"`, `state = "open"` or a list of those that are right; `service` narrows it."""

    breaker: str = Field(min_length=1, max_length=200)
    state: Annotated[tuple[State, ...], BeforeValidator(listed), Field(min_length=1)]
    service: str = ""

    def expectation(self) -> str:
        """Return breaker and states."""
        where = f" of {self.service}" if self.service else ""
        return f"breaker {self.breaker}{where} is {' or '.join(self.state)}"

    def judge(self, context: CheckContext) -> Judged:
        """Return whether every replica that has the breaker has it in one of the states; one must have it."""
        found = [
            row
            for row in context.view.breakers
            if row["name"] == self.breaker and (not self.service or row["service"] == self.service)
        ]
        if not found:
            return Judged(False, "no service has this breaker yet")
        states = [f"{row['service']}-{row['replica']} {row['state']}" for row in found]
        return Judged(all(row["state"] in self.state for row in found), ", ".join(states))
