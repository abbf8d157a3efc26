"""A real Prometheus or Alertmanager, asked over its HTTP API."""

import http.client
import json
import shutil
import subprocess
import urllib.parse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fakes.network.ports import free_port
from tests.fakes.project.running import wait_until

INSTALL = "{} is not installed; install it: apt-get install -y prometheus prometheus-alertmanager"
_TIMEOUT_S = 10.0


def program(*names: str) -> str:
    """Return the path of the first of `names` that is installed; AssertionError says how to install it."""
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, INSTALL.format(names[0])
    return found


class Api:
    """The API of a server on loopback; what cannot be reached just now has no answer: None."""

    def __init__(self, port: int, token: str = "") -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **parameters: str) -> Any:
        """Return the decoded JSON of an answer with 200, else None."""
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", path + query, headers=self._headers)
            answer = connection.getresponse()
            body = answer.read()
        except OSError:
            return None
        finally:
            connection.close()
        return json.loads(body) if answer.status == http.client.OK else None

    def values(self, expression: str) -> dict[str, float]:
        """Return the value of each series that `expression` gives now, by its `instance`."""
        answer = self.get("/api/v1/query", query=expression)
        series = answer["data"]["result"] if answer else []
        return {each["metric"].get("instance", ""): float(each["value"][1]) for each in series}


@contextmanager
def serving(folder: Path, openmetrics: Iterable[str]) -> Iterator[int]:
    """Run a Prometheus in `folder` over these samples, lines of OpenMetrics; yield its port on loopback."""
    (folder / "samples.om").write_text("\n".join(openmetrics) + "\n")
    blocks = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "-q", "samples.om", "tsdb"]
    subprocess.run(blocks, cwd=folder, check=True, timeout=100)
    (folder / "prometheus.yml").write_text("{}\n")
    with free_port() as port, (folder / "prometheus.log").open("wb") as log:
        argv = [
            program("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            "--storage.tsdb.retention.time=100y",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ]
        process = subprocess.Popen(argv, stdout=log, stderr=log)
        try:
            ready = Api(port)
            wait_until(lambda: ready.get("/api/v1/status/buildinfo") is not None, "Prometheus answers", 30)
            yield port
        finally:
            process.terminate()
            process.wait(20)
