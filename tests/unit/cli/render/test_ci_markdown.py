"""Markdown for a pipeline's summary: what was measured is shown as it is, whatever it holds."""

import pytest

from wattos_cli.render import ci


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("errors < 1", "errors < 1"),
        ("<img src=x>", r"\<img src=x>"),
        ("[a](http://x)", r"\[a\](http://x)"),
        ("**failed** `x`", r"\*\*failed\*\* \`x\`"),
        ("a|b\nc", r"a\|b c"),
        ("\x1b[1m", r"\\x1b\[1m"),
    ],
)
def test_a_cell_is_text_and_no_markup(cell: str, shown: str) -> None:
    assert ci.markdown_table("T", ["HEAD"], [[cell]]).splitlines()[-2] == f"| {shown} |"
