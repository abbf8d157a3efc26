"""The journey whose cost is measured: asks as fast as it is answered."""

import json
import os

from wattos_cli.loadtest.journey import Journey, task

PROMPT = json.loads(os.environ["WATTOS_BENCH_PROMPT"])


class Ask(Journey):
    """Asks one question over and over."""

    think_s = (0.0, 0.0)

    @task(1)
    async def ask(self) -> None:
        """Ask once."""
        await self.client.request("POST", "/v1/chat/completions", json=PROMPT)


JOURNEYS = (Ask,)
