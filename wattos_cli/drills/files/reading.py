"""A drill's file: read, checked whole before anything starts, and every mistake told with its place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattos_cli.config import sources
from wattos_cli.config.form_keys import known_keys
from wattos_cli.config.form_reading import FormReader, Place
from wattos_cli.config.problems import config_error, suggestion
from wattos_cli.config.sources import Document
from wattos_cli.drills.checks.check import CheckForm
from wattos_cli.drills.checks.kinds import KINDS as CHECKS
from wattos_cli.drills.drill import Drill
from wattos_cli.drills.faults.fault import FaultForm
from wattos_cli.drills.faults.kinds import KINDS as FAULTS
from wattos_cli.drills.files.journeys import journey_names
from wattos_cli.errors import ExitCode

HINT = "mend it, then look at it: wattos drill show FILE   (how drills are written: docs/how-to/drills.md)"


def read_drill(path: Path) -> Drill:
    """Return the drill in the file at `path`, which exists.

    Raises WattosError (exit 3) that names every problem with file, line, column and a suggestion; exit 2 when
    it cannot be read.
    """
    return read_with_text(path)[0]


def read_with_text(path: Path) -> tuple[Drill, str]:
    """Return the drill in a file with the text of that file; errors as `read_drill`."""
    document = sources.read(path, HINT, unreadable=ExitCode.USAGE)
    return _Reading(document).drill(), document.text


class _Reading:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._reader = FormReader(document)

    def drill(self) -> Drill:
        content = dict(self._document.content)
        faults = [self._fault(path, table) for path, table in self._tables(content, "fault")]
        steady = [self._check(path, table, "steady") for path, table in self._tables(content, "steady")]
        checks = [self._check(path, table) for path, table in self._tables(content, "assertions")]
        parts: dict[str, list[Any]] = {"fault": faults, "steady": steady, "assertions": checks}
        found = {name: [each for each in forms if each is not None] for name, forms in parts.items()}
        drill = self._reader.form(Drill, (), {**content, **found})
        if drill is not None and not self._document.problems:
            self._check_times(drill)
        self._check_journeys()
        if drill is None or self._document.problems:
            raise config_error(self._document.problems, hint=HINT)
        return drill

    def _tables(self, content: dict[str, Any], name: str) -> list[tuple[Place, Mapping[str, Any]]]:
        """Take the tables called `name` out of `content`: `[name]`, or `[[name]]` several times."""
        value = content.pop(name, None)
        if isinstance(value, dict):
            return [((name,), value)]
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            return [((name, str(index)), each) for index, each in enumerate(value)]
        self._document.problem((name,), f"{name}: expected at least one table [[{name}]].")
        return []

    def _fault(self, path: Place, table: Mapping[str, Any]) -> FaultForm | None:
        kind = str(table.get("kind", ""))
        if kind not in FAULTS:
            told = f"there is no kind of fault {kind!r}." if kind else "kind is missing."
            near = suggestion(kind, FAULTS)
            self._document.problem((*path, "kind"), f"{path[0]}: {told}{near}")
            return None
        return self._reader.form(FAULTS[kind], path, table)

    def _check(self, path: Place, table: Mapping[str, Any], when: str = "") -> CheckForm | None:
        found = [key for key in table if key in CHECKS]
        if len(found) != 1:
            told = f"both {' and '.join(found)}: make an assertion of each" if found else "nothing to hold"
            keys = {name for form in CHECKS.values() for name in known_keys(form, ())}
            strange = next((key for key in table if key not in keys), "")
            near = suggestion(strange, CHECKS) if not found else ""
            self._document.problem((*path, strange or "name"), f"{path[0]}: {told}.{near}")
            return None
        return self._reader.form(CHECKS[found[0]], path, {**table, **({"when": when} if when else {})})

    def _check_journeys(self) -> None:
        """Note journeys that there are none of, whatever else is wrong."""
        load = self._document.content.get("load")
        journeys = load.get("journeys") if isinstance(load, dict) else None
        known = journey_names()
        for name in journeys if isinstance(journeys, dict) else ():
            if name not in known:
                told = f"there is no journey {name!r}.{suggestion(name, known)}"
                self._document.problem(("load", "journeys", name), f"load.journeys: {told}")

    def _check_times(self, drill: Drill) -> None:
        """Note assertions that their phase is too short for, and faults that begin after it."""
        tables = {"steady": drill.steady, "assertions": drill.assertions}
        for name, checks in tables.items():
            for index, check in enumerate(checks):
                length_s = drill.phases.of(check.when)
                if (check.within or 0.0) + (check.for_ or 0.0) > length_s:
                    told = f"within and for are longer than the phase {check.when} ({length_s:g}s)"
                    self._document.problem((name, str(index), "within"), f"{name}: {told}.")
        for index, fault in enumerate(drill.fault):
            if (fault.after or 0.0) >= drill.phases.fault:
                self._document.problem(("fault", str(index), "after"), "fault: after is beyond the phase.")
