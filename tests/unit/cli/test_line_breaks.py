"""Where long lines are broken on a terminal."""

import pytest

from wattos_cli.line_breaks import in_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "start it: wattos up   (elsewhere? wattos ps)",
            ["start it: wattos up", "    (elsewhere? wattos ps)"],
        ),
        ("No logs yet. Start it: wattos up", ["No logs yet.", "    Start it: wattos up"]),
        ("shown only now; revoke: wattos token", ["shown only now;", "    revoke: wattos token"]),
        (
            "a: wattos ps   b: wattos up   c: wattos down",
            ["a: wattos ps   b: wattos up", "    c: wattos down"],
        ),
        ("wattos up --with simulator --provider openai", ["wattos up --with simulator --provider openai"]),
        ("Known: agent, chat, gateway, rag, redis.", ["Known: agent, chat, gateway,", "    rag, redis."]),
        (
            "it says:\n  a quotation with a mark below it\n     ^",
            ["it says:", "  a quotation with a mark below it", "     ^"],
        ),
        ("expected a list; nothing else will do here", ["expected a list; nothing", "    else will do here"]),
        ("cannot write /a/folder that is not there", ["cannot write /a/folder that is not there"]),
        ("  the run has three intervals", ["  the run has three", "    intervals"]),
        ("  Next: wattos up   short", ["  Next: wattos up   short"]),
        ("\x1b[31merror:\x1b[0m sixteen words or so", ["\x1b[31merror:\x1b[0m sixteen words or so"]),
        (
            "\x1b[31merror:\x1b[0m sixteen words or so, and more",
            ["\x1b[31merror:\x1b[0m sixteen words or so,", "    and more"],
        ),
    ],
)
def test_a_line_that_is_too_long_is_broken_between_sentences(text: str, lines: list[str]) -> None:
    assert in_lines(text, 28, "    ").split("\n") == lines
    assert in_lines(text, 0, "    ") == text
