"""What both engines note of a request that was answered whole, or was not."""

from wattos_cli.loadtest.driving.evidence import CUT_OFF, trace_id, usd
from wattos_cli.loadtest.journey import Answer
from wattos_cli.loadtest.measuring.collector import Observed
from wattos_cli.loadtest.plan import GRACE_S

NO_ANSWER = Answer(0, {}, b"")
_MS = 1000.0


def answered(name: str, began_s: float, ended_s: float, answer: Answer, error: str) -> Observed:
    """Return the request with its answer; `error` says why it is a failure, if it is one."""
    return Observed(
        name,
        began_s,
        (ended_s - began_s) * _MS,
        answer.status,
        error,
        usd=usd(answer.body),
        trace_id=trace_id(answer.headers),
    )


def cut_off(name: str, began_s: float, ended_s: float) -> Observed | None:
    """Return a request that the run's end cut off, None for one that is too young to count."""
    passed_s = ended_s - began_s
    return Observed(name, began_s, passed_s * _MS, 0, CUT_OFF) if passed_s >= GRACE_S else None
