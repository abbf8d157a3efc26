"""What the supervisor does not import when it starts: `up` waits for none of it."""

import subprocess
import sys

CODE = """
import sys
import wattos_cli.supervisor.daemon
late = ("wattos_cli.metricstore.store", "wattos_cli.metricstore.promql", "wattos_cli.metricstore.exposition",
        "wattos_cli.alerting", "wattos_cli.supervisor.scrape.scraper", "concurrent.futures.thread",
        "promql_parser")
print([name for name in late if name in sys.modules])
"""


def test_neither_store_nor_engine_nor_threads_delay_the_start() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
