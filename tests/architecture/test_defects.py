"""Each defect of the original that touches a part built here has a test that bears its number."""

from tests import defects

REQUIRED = {*range(1, 18), *range(25, 35), 36, 37, 38, *range(39, 62), 65, 66, 72, 73, *range(75, 78)}


def test_every_required_defect_has_a_test() -> None:
    assert sorted(REQUIRED - defects.tests_by_defect().keys()) == []


def test_every_number_named_by_a_test_is_a_known_defect() -> None:
    assert sorted(defects.tests_by_defect().keys() - defects.DEFECTS.keys()) == []


def test_the_page_is_current() -> None:
    assert (defects.ROOT / "docs" / "defects.md").read_text(encoding="utf-8") == defects.page(), (
        "run: make docs"
    )
