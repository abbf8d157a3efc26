"""What runbooks and the page on observability tell a reader to type, typed while the platform is up."""

import pytest

from tests.fakes.project.documentation import OBSERVING, SCRIPTS, Block, follow
from tests.fakes.project.running import RunningProject

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "block", [block for block in SCRIPTS if block.page.startswith(OBSERVING)], ids=lambda block: block.title
)
def test_what_a_page_says_to_type_works(reader: RunningProject, block: Block) -> None:
    follow(reader, block)
