"""The page of a load test in a real browser."""

from pathlib import Path

import pytest

from loadtests.bench.synthetic_runs import result_of
from tests.fakes.loadtest import results
from tests.fakes.programs.browser import opened, probed
from wattos_cli.loadtest.result.document import document
from wattos_cli.render.loadtest.html import as_html

_TOO_WIDE = """[...document.querySelectorAll('body *')]
    .filter(each => !each.closest('.wide, svg, .unseen'))
    .filter(each => each.getBoundingClientRect().right > innerWidth + 0.5)
    .map(each => each.className || each.tagName).concat(innerWidth).join(' ')"""
_POINTED = """(area => {
    const box = area.getBoundingClientRect();
    const at = { clientX: box.left + box.width / 2, clientY: box.top + 5, bubbles: true };
    area.dispatchEvent(new PointerEvent('pointermove', at));
    const first = area.querySelector('.tip').textContent;
    area.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    return first + ' then ' + area.querySelector('.tip').textContent;
})(document.querySelector('.plot .area'))"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(as_html(document(result_of(results.whole(60, limit=results.limit())))), encoding="utf-8")
    return path


def test_the_policy_lets_the_pages_own_script_run_and_no_other(page: Path) -> None:
    assert opened(page).count('class="tip"') == opened(page).count('class="area"') > 0
    text = page.read_text()
    page.write_text(text.replace("</body>", "<script>document.title = 'run'</script></body>"))
    assert "<title>run</title>" not in opened(page)


@pytest.mark.parametrize("width", [400, 1600])
def test_nothing_is_wider_than_the_window(page: Path, width: int) -> None:
    assert probed(page, _TOO_WIDE, width=width) == str(width)


def test_what_the_pointer_and_the_keys_show_is_a_row_of_the_table(page: Path) -> None:
    shown = probed(page, _POINTED, width=1000)
    assert shown.startswith("asked for/s120achieved/s120p50")
    assert " then asked for/s160achieved/s160p50" in shown
