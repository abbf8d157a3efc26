"""The stages of a plan as a load shape of Locust. Imports Locust."""

from locust import LoadTestShape

from wattos_cli.loadtest.plan import Stage
from wattos_cli.loadtest.planning.arrivals import level_at


class StagedUsers(LoadTestShape):
    """Users along straight lines from stage to stage, beginning at none; when it ends is not its concern."""

    abstract = True  # Locust makes one of each that it finds in a file

    def __init__(self, stages: tuple[Stage, ...]) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Locust carries no types
        self._stages = stages
        self._said = (0, 1.0)

    def tick(self) -> tuple[int, float]:
        """Return how many users there are to be now, and how fast they come or go: within this second."""
        passed_s = self.get_run_time()  # type: ignore[no-untyped-call] # same
        users = round(level_at(0.0, self._stages, passed_s))
        if users != self._said[0]:
            self._said = (users, float(abs(users - self._said[0])))
        return self._said
