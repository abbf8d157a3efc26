"""What `wattos dashboards check` holds boards against: the rules, the registry, the files, live answers."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from wattos_cli.checks import Checked, up_to_date
from wattos_cli.dashboards.files import FOLDER
from wattos_cli.dashboards.lint import RULES
from wattos_cli.dashboards.queries import Asked
from wattos_cli.dashboards.registered import unknown
from wattos_cli.dashboards.scope import labels_of
from wattos_cli.deps import BadQueryError, FailedQueryError, MetricAnswer, Metrics

_EXISTS = "metrics-exist"
_MOST_TOLD = 3


def of_boards(files: Mapping[str, str], selector: str) -> Iterator[Checked]:
    """Yield what each rule says of each board in `files`, and whether its metrics and labels exist."""
    own_labels = labels_of(selector)
    for name, text in files.items():
        if name.endswith(".json"):
            board: dict[str, Any] = json.loads(text)
            for rule, check in RULES.items():
                yield Checked(f"{board['uid']}: {rule}", _told(check(board)))
            yield Checked(f"{board['uid']}: {_EXISTS}", _told(unknown(board, own_labels)))


def of_files(folder: Path, shown: Path, files: Mapping[str, str]) -> Iterator[Checked]:
    """Yield whether each generated file below `folder` is up to date; `shown` is how a person calls it."""
    return up_to_date(folder, shown, files, "wattos dashboards generate", pattern=f"{FOLDER}/*.json")


def were_generated(folder: Path) -> bool:
    """Return whether boards were ever generated below `folder`."""
    return (folder / FOLDER).is_dir()


def of_answers(queries: Iterable[Asked], metrics: Metrics, at_s: float) -> Iterator[Checked]:
    """Yield whether each query has data at that time; one that may be empty passes without."""
    for query in queries:
        legend = f" ({query.legend})" if query.legend else ""
        yield Checked(f"{query.board}: {query.panel}{legend}", _unanswered(query, metrics, at_s))


def _unanswered(query: Asked, metrics: Metrics, at_s: float) -> str:
    try:
        answer = metrics.instant(query.expr, at_s)
    except BadQueryError as error:
        return f"cannot be read: {error.reason}"
    except FailedQueryError as error:
        return f"has no answer: {error}"
    return "" if query.empty or has_data(answer) else "no data"


def has_data(answer: MetricAnswer) -> bool:
    """Return whether an instant answer holds a number."""
    values = [answer.result[1]] if answer.kind == "scalar" else [each["value"][1] for each in answer.result]
    return any(not math.isnan(float(value)) for value in values)


def _told(problems: Iterable[str]) -> str:
    listed = list(problems)
    more = f" (and {len(listed) - _MOST_TOLD} more)" if len(listed) > _MOST_TOLD else ""
    return "; ".join(listed[:_MOST_TOLD]) + more
