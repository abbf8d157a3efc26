"""JUnit XML, the form in which CI systems show checks."""

from collections.abc import Sequence
from dataclasses import dataclass

_FORBIDDEN = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535), "�")
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\n", "&#10;"), ("\t", "&#9;"))


@dataclass(frozen=True, slots=True)
class Case:
    """One check; `failure` is empty when it passed."""

    name: str
    seconds: float
    failure: str = ""


def junit(suite: str, cases: Sequence[Case], said: str = "") -> str:
    """Return the XML of one test suite; `said` is what it has to say beside its cases."""
    failures = sum(1 for case in cases if case.failure)
    total = sum(case.seconds for case in cases)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name={_attribute(suite)} tests="{len(cases)}" failures="{failures}" time="{total:.3f}">',
        *(_case(suite, case) for case in cases),
        *([f"  <system-out>{_escaped(said)}</system-out>"] if said else []),
        "</testsuite>",
    ]
    return "\n".join(lines) + "\n"


def _case(suite: str, case: Case) -> str:
    head = f'  <testcase classname={_attribute(suite)} name={_attribute(case.name)} time="{case.seconds:.3f}"'
    return f"{head}><failure message={_attribute(case.failure)}/></testcase>" if case.failure else f"{head}/>"


def _attribute(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """Return `text` for an attribute or an element (by hand: the library's imports urllib.request)."""
    for character, entity in _ENTITIES:
        text = text.replace(character, entity)
    return text.translate(_FORBIDDEN)
