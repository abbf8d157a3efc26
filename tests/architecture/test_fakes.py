"""Fakes lie in folders by what they stand in for; every one is used, and every one that is named is there."""

import re
from collections.abc import Iterator

from tests.architecture.test_layout import ROOT, tracked

FAKES = ROOT / "tests" / "fakes"
# A module by its whole name, in an import or as what a child process runs; or one out of its folder.
_NAMED = re.compile(r"\btests\.fakes\.(\w+)(?:\.(\w+)|(?= import (\w+)))")


def fakes() -> list[str]:
    return [path.relative_to(FAKES).as_posix() for path in tracked(".py") if path.is_relative_to(FAKES)]


def named() -> Iterator[str]:
    """Yield the fakes that tests and other fakes name; what a fake says of itself does not count."""
    for path in tracked(".py"):
        if not path.is_relative_to(ROOT / "tests"):
            continue
        for folder, module, imported in _NAMED.findall(path.read_text(encoding="utf-8")):
            fake = f"{folder}/{module or imported}.py"
            if path != FAKES / fake:
                yield fake


def test_each_lies_in_a_folder_named_for_what_is_faked() -> None:
    assert [name for name in fakes() if name.count("/") != 1] == []


def test_each_that_is_named_is_there() -> None:
    assert sorted(set(named()) - set(fakes())) == []


def test_each_is_used() -> None:
    assert sorted(set(fakes()) - set(named())) == []
