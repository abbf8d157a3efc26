"""From path and parameters to the answer that Prometheus would give: no network, only the store."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Protocol

from wattos_cli import __version__
from wattos_cli.metricstore import wire
from wattos_cli.metricstore.api import parameters as given
from wattos_cli.metricstore.api.parameters import ApiError, Parameters
from wattos_cli.metricstore.api.replies import Reply, error
from wattos_cli.metricstore.exposition import Family
from wattos_cli.metricstore.promql.engine import Engine, Result
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.series import Catalogue, Labels, Source

PREFIX = "/api/v1/"
LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
# What the engine speaks; clients choose by it what they may ask.
_SPEAKS = "3.0.0"
_OF_SERIES = frozenset({"vector", "matrix"})
_MOST_STEPS = 11_000

Data = Any


class Store(Source, Catalogue, Protocol):
    """Series, and what is known of them."""

    def families(self) -> Mapping[str, list[Family]]:
        """Return what targets say of each metric."""


class Alerting(Protocol):
    """Rules and what they come to, in the shape of Prometheus' API."""

    def rules(self, at_ms: int) -> Data:
        """Return `{"groups": [...]}`."""

    def alerts(self, at_ms: int) -> Data:
        """Return `{"alerts": [...]}`."""


class NoAlerting:
    """No rules at all."""

    def rules(self, _at_ms: int) -> Data:
        """Return no groups."""
        return {"groups": []}

    def alerts(self, _at_ms: int) -> Data:
        """Return no alerts."""
        return {"alerts": []}


@dataclass(frozen=True, slots=True)
class _Answer:
    data: Data
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()


class Api:
    """Answers requests over `store`; `clock` gives seconds since 1970."""

    def __init__(self, store: Store, clock: Callable[[], float], alerting: Alerting | None = None) -> None:
        self._store = store
        self._engine = Engine(store)
        self._clock = clock
        self._alerting = alerting or NoAlerting()
        self._routes: Mapping[str, Callable[[Parameters], _Answer]] = {
            "query": self._query,
            "query_range": self._query_range,
            "query_exemplars": lambda _: _Answer([]),
            "series": self._series,
            "labels": self._labels,
            "metadata": self._metadata,
            "status/buildinfo": lambda _: _Answer(_build()),
            "rules": lambda _: _Answer(self._alerting.rules(self._now_ms())),
            "alerts": lambda _: _Answer(self._alerting.alerts(self._now_ms())),
        }

    def answer(self, path: str, parameters: Parameters) -> Reply:
        """Return the answer to a request; whatever is wrong with it is an answer too."""
        try:
            found = self._route(path)(parameters)
        except ApiError as refusal:
            return error(refusal.status, refusal.kind, str(refusal))
        body = _document(found)
        if len(body) > LARGEST_ANSWER_BYTES:
            message = f"the answer is larger than {LARGEST_ANSWER_BYTES} bytes: narrow its series or its time"
            return error(HTTPStatus.UNPROCESSABLE_ENTITY, "execution", message)
        return Reply(HTTPStatus.OK, body)

    def _route(self, path: str) -> Callable[[Parameters], _Answer]:
        name = path.removeprefix(PREFIX)
        if name in self._routes:
            return self._routes[name]
        match name.split("/"):
            case ["label", label, "values"]:
                return lambda parameters: self._label_values(label, parameters)
        known = ", ".join((*self._routes, "label/NAME/values"))
        raise ApiError(HTTPStatus.NOT_FOUND, "not_found", f"no such endpoint; known in {PREFIX} are {known}")

    def _query(self, parameters: Parameters) -> _Answer:
        expression = given.text(parameters, "query")
        at_ms = given.time_ms(parameters, "time", self._now_ms())
        return _evaluated(expression, lambda: self._engine.instant(expression, at_ms), at_ms, parameters)

    def _query_range(self, parameters: Parameters) -> _Answer:
        expression = given.text(parameters, "query")
        start_ms, end_ms = (given.time_ms(parameters, name, None) for name in ("start", "end"))
        if end_ms < start_ms:
            raise given.invalid("end", "end timestamp must not be before start time")
        step_ms = given.step_ms(parameters)
        if (end_ms - start_ms) // step_ms > _MOST_STEPS:
            message = (
                f"exceeded maximum resolution of {_MOST_STEPS:,} points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
            raise ApiError(HTTPStatus.BAD_REQUEST, "bad_data", message)
        return _evaluated(
            expression, lambda: self._engine.range(expression, start_ms, end_ms, step_ms), end_ms, parameters
        )

    def _series(self, parameters: Parameters) -> _Answer:
        if not parameters.get("match[]"):
            message = "no match[] parameter provided"
            raise ApiError(HTTPStatus.BAD_REQUEST, "bad_data", message)
        return _limited([dict(labels) for labels in sorted(self._chosen(parameters))], parameters)

    def _labels(self, parameters: Parameters) -> _Answer:
        names = {name for labels in self._chosen(parameters) for name, _ in labels}
        return _limited(sorted(names), parameters)

    def _label_values(self, label: str, parameters: Parameters) -> _Answer:
        values = {value for labels in self._chosen(parameters) for name, value in labels if name == label}
        return _limited(sorted(values), parameters)

    def _metadata(self, parameters: Parameters) -> _Answer:
        wanted, most = given.text(parameters, "metric"), given.limit(parameters)
        each = given.limit(parameters, "limit_per_metric")
        families = sorted(self._store.families().items())
        chosen = [(name, said) for name, said in families if wanted in ("", name)][:most]
        return _Answer({name: [asdict(family) for family in said[:each]] for name, said in chosen})

    def _chosen(self, parameters: Parameters) -> set[Labels]:
        """Return the series that one of the `match[]` means; all of that time without any."""
        start_ms = given.time_ms(parameters, "start", given.EARLIEST_MS)
        end_ms = given.time_ms(parameters, "end", given.LATEST_MS)
        return {
            labels
            for matchers in given.selectors(parameters) or [()]
            for labels in self._store.series(matchers, start_ms, end_ms)
        }

    def _now_ms(self) -> int:
        return round(self._clock() * 1000)


def _evaluated(
    expression: str, evaluate: Callable[[], Result], at_ms: int, parameters: Parameters
) -> _Answer:
    try:
        result = evaluate()
    except PromqlError as problem:
        if problem.position is None:
            raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "execution", problem.message) from None
        raise given.invalid("query", f"{given.place(expression, problem)}{problem.message}") from None
    found = wire.result(result, at_ms)
    shown = _limited(found, parameters) if result.kind in _OF_SERIES else _Answer(found)
    data = {"resultType": result.kind, "result": shown.data}
    return _Answer(data, (*result.warnings, *shown.warnings), result.infos)


def _limited(found: list[Any], parameters: Parameters) -> _Answer:
    most = given.limit(parameters)
    if most is None or len(found) <= most:
        return _Answer(found)
    return _Answer(found[:most], ("results truncated due to limit",))


def _document(answer: _Answer) -> bytes:
    document: dict[str, Any] = {"status": "success", "data": answer.data}
    if answer.warnings:
        document["warnings"] = answer.warnings
    if answer.infos:
        document["infos"] = answer.infos
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _build() -> dict[str, str]:
    return {
        "version": f"{_SPEAKS}+wattos.{__version__}",
        "revision": "",
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    }
