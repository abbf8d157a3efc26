"""The model gateway's page shows the table to which the fault matrix holds the gateway."""

from tests import llm_faults


def test_the_page_is_current() -> None:
    assert llm_faults.PAGE.read_text(encoding="utf-8") == llm_faults.page(), "run: make docs"
