"""The options of `wattos loadtest run` as they are typed and explained."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from wattos_cli.loadtest.scenarios.places import bundled_names
from wattos_cli.parameters import Argument, Option


class EngineName(StrEnum):
    """What makes the load."""

    LOCUST = "locust"
    FAST = "fast"


Scenario = Annotated[
    str | None,
    Argument(help="smoke, chat, chat-stream, rag-search, ingest, agent-run or mixed.", offered=bundled_names),
]
Users = Annotated[
    int | None,
    Option("--users", metavar="N", help="Virtual users; with --rate the most that are busy at once."),
]
SpawnRate = Annotated[float | None, Option("--spawn-rate", metavar="N", help="Users started a second.")]
Duration = Annotated[str | None, Option("--duration", metavar="TIME", help="How long: 30s, 5m.")]
Stages = Annotated[
    str | None, Option("--stages", metavar="LIST", help="Users in the course of time: 30s:10,1m:50.")
]
Rate = Annotated[
    str | None, Option("--rate", metavar="N", help="Arrivals a second, whoever is busy: 50, 10..200.")
]
FindLimit = Annotated[
    bool, Option("--find-limit", help="Find the largest rate that holds; --rate N is the first tried.")
]
Poisson = Annotated[bool, Option("--poisson", help="Let them arrive at random times.")]
Engine = Annotated[EngineName | None, Option("--engine", help="What makes the load.", default_text="locust")]
Processes = Annotated[int, Option("--processes", metavar="N", help="Processes that make it.")]
Master = Annotated[
    str | None, Option("--master", metavar="HOST:PORT", help="Make it with --worker commands elsewhere.")
]
Workers = Annotated[int, Option("--workers", metavar="N", help="How many come to --master.")]
Worker = Annotated[str | None, Option("--worker", metavar="HOST:PORT", help="Work for the --master there.")]
Ui = Annotated[bool, Option("--ui", help="Show Locust's own page, at port 8089.")]
Model = Annotated[
    str | None, Option("--model", metavar="NAME", help="Ask this model instead of the free local one.")
]
AllowPaid = Annotated[
    bool, Option("--allow-paid", help="Let it be a model that costs money; needs --max-usd.")
]
MaxUsd = Annotated[float | None, Option("--max-usd", metavar="N", help="Spend at most so many US dollars.")]
Seed = Annotated[int, Option("--seed", metavar="N", help="Which choices users make.")]
Threshold = Annotated[
    list[str] | None,
    Option("--threshold", metavar="EXPR", help="What must hold, instead of the scenario's: p95<500ms."),
]
Baseline = Annotated[
    Path | None, Option("--baseline", metavar="FILE", help="Fail if slower than this earlier result.")
]
AllowOtherMachine = Annotated[
    bool, Option("--allow-other-machine", help="Compare although the machines differ.")
]
NoAbort = Annotated[bool, Option("--no-abort", help="Go on even when no threshold can hold any more.")]
Quiet = Annotated[bool, Option("-q", "--quiet", help="Show nothing while it runs.")]
Host = Annotated[str | None, Option("--host", metavar="URL", help="Another target; its key in WATTOS_TOKEN.")]
Locustfile = Annotated[
    Path | None,
    Option(
        "--locustfile",
        metavar="FILE",
        help="Run a locustfile of your own; scenarios of thresholds.toml beside it.",
    ),
]
JsonFile = Annotated[Path | None, Option("--json", metavar="FILE", help="Write the result.")]
JunitFile = Annotated[Path | None, Option("--junit", metavar="FILE", help="Write JUnit XML.")]
ReportDir = Annotated[
    Path | None, Option("--report", metavar="DIR", help="Write result.json and its reports.")
]
