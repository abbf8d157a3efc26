"""Whatever is done to a drill's file, it is read, or refused with a place: nothing else happens."""

import re
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from wattos_cli.drills.files.built_in import built_in_files
from wattos_cli.drills.files.reading import read_drill
from wattos_cli.errors import ExitCode, WattosError

TEXTS = [path.read_text(encoding="utf-8") for path in built_in_files().values()]
LINES = sorted({line for text in TEXTS for line in text.splitlines()})
WORDS = ["", "1", "-1", "true", '""', "[]", "{}", "[[]]", '"x"', "nan", "1979-05-27", "[[x]]", "[x]"]


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A built-in drill with some of its lines lost, doubled, replaced or given another value."""
    lines = draw(st.sampled_from(TEXTS)).splitlines()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        key = lines[at].partition("=")[0]
        lines[at : at + 1] = draw(
            st.sampled_from(
                [
                    [],
                    [lines[at], lines[at]],
                    [draw(st.sampled_from(LINES))],
                    [f"{key} = {draw(st.sampled_from(WORDS))}"],
                    [draw(st.sampled_from(WORDS))],
                ]
            )
        )
        lines = lines or [""]
    return "\n".join(lines)


def refusal(text: str) -> WattosError | None:
    """Return how a file with this text is refused, None if it is read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "my.toml"
        path.write_text(text, encoding="utf-8")
        try:
            read_drill(path)
        except WattosError as error:
            return error
        return None


@given(damaged())
def test_a_damaged_file_is_read_or_refused_with_a_place(text: str) -> None:
    error = refusal(text)
    if error is not None:
        assert error.exit_code == ExitCode.CONFIG
        assert re.search(r"^my\.toml:\d+:\d+: ", error.message), error.message
