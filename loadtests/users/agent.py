"""Users of agents: what can be had without asking a model."""

from locust import task
from users.platform_user import TIMEOUT_S, PlatformUser


class AgentUser(PlatformUser):
    """Looks at the agents there are and at the runs of its tenant."""

    @task(2)
    def agents(self) -> None:
        """List the agents."""
        self.client.get("/api/v1/agents", timeout=TIMEOUT_S)

    @task(1)
    def runs(self) -> None:
        """List the newest runs."""
        self.client.get("/api/v1/runs?limit=20", name="/api/v1/runs", timeout=TIMEOUT_S)
