"""Request keys: what comes in from outside is ours or is refused."""

import pytest

from wattos_platform.kernel.idempotency import fingerprint, key_is_wellformed


def test_a_fingerprint_tells_questions_apart_but_not_how_they_are_delivered() -> None:
    body = {"content": "a", "stream": True, "model": None}
    assert fingerprint("POST /x", body) == fingerprint("POST /x", {**body, "stream": False})
    assert fingerprint("POST /x", body) != fingerprint("POST /y", body)
    assert fingerprint("POST /x", body) != fingerprint("POST /x", {**body, "content": "b"})


@pytest.mark.parametrize(
    ("key", "expected"),
    [("a", True), ("x" * 255, True), ("", False), ("x" * 256, False), ("a\n", False), ("é", False)],
)
def test_which_keys_are_wellformed(key: str, expected: bool) -> None:
    assert key_is_wellformed(key) is expected
