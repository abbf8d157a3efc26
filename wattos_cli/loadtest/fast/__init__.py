"""The engine on asyncio: `python -m wattos_cli.loadtest.fast`, for rates and clocks beyond Locust's."""
