"""Every command and snippet of README and docs/ is run: what a page tells a reader to type must work.

`console` and `sh` blocks run in a project whose platform is up (tests/fakes/project/documentation.py);
those of guides and runbooks in test_docs_how_to.py and test_docs_observing.py. `toml` blocks must be valid
as wattos.toml.
"""

import re
from pathlib import Path

import pytest

from tests.fakes.project.documentation import (
    BLOCKS,
    COVERED_ELSEWHERE,
    HOW_TO,
    OBSERVING,
    PAGES,
    RUN,
    SCRIPTS,
    SHOWN,
    Block,
    follow,
)
from tests.fakes.project.running import REPOSITORY, RunningProject

pytestmark = [pytest.mark.e2e, pytest.mark.long]


@pytest.mark.parametrize(
    "block",
    [block for block in SCRIPTS if not block.page.startswith(HOW_TO + OBSERVING)],
    ids=lambda block: block.title,
)
def test_what_a_page_says_to_type_works(reader: RunningProject, block: Block) -> None:
    follow(reader, block)


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.kind == "toml"], ids=lambda block: block.title
)
def test_a_snippet_of_configuration_is_valid(project: RunningProject, block: Block) -> None:
    project.configure(block.text)
    done = project.wattos("config", "validate", environ={"HOUSE_KEY": "x", "OPENAI_API_KEY": "x"})
    assert done.returncode == 0, done.stderr


def test_every_kind_of_block_is_checked_or_only_shown() -> None:
    assert {block.kind for block in BLOCKS} <= RUN | SHOWN


def test_the_commands_covered_elsewhere_are() -> None:
    assert all((REPOSITORY / place).exists() for place in COVERED_ELSEWHERE.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8"))
    targets = [(page.parent / link if link else page, anchor) for link, anchor in links]
    assert [str(target) for target, _ in targets if not target.exists()] == []
    anchored = [(target, anchor) for target, anchor in targets if anchor]
    assert [f"{target}#{anchor}" for target, anchor in anchored if anchor not in anchors_of(target)] == []


def anchors_of(page: Path) -> set[str]:
    """Return the names by which a page's headings can be linked to, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
