"""UUIDs of version 7."""

import uuid

from wattos_platform.kernel.ids import uuid7


def test_uuid7_is_valid_sorted_and_unique():
    made = [uuid7() for _ in range(20_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)
    parsed = [uuid.UUID(one) for one in made]
    assert {(one.version, one.variant) for one in parsed} == {(7, uuid.RFC_4122)}
