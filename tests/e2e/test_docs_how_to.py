"""What the how-to guides tell a reader to type, typed while the platform is up."""

import pytest

from tests.fakes.project.documentation import HOW_TO, SCRIPTS, Block, follow
from tests.fakes.project.running import RunningProject

pytestmark = [pytest.mark.e2e, pytest.mark.long(180)]


@pytest.mark.parametrize(
    "block", [block for block in SCRIPTS if block.page.startswith(HOW_TO)], ids=lambda block: block.title
)
def test_what_a_page_says_to_type_works(reader: RunningProject, block: Block) -> None:
    follow(reader, block)
