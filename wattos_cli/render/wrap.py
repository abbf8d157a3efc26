"""Breaks a text that arrives in pieces between words, at the width of the terminal."""


class WordWrap:
    """Feed pieces, write what comes back; a word is held back until it is known to be complete."""

    def __init__(self, width: int) -> None:
        self._width = max(width, 20)
        self._column = 0
        self._word = ""

    def feed(self, piece: str) -> str:
        """Return the part of the text so far that may be written now."""
        out: list[str] = []
        for char in piece:
            if not char.isspace():
                self._word += char
                continue
            out.append(self._placed())
            if char == "\n":
                out.append("\n")
                self._column = 0
            elif self._column < self._width:
                out.append(" ")
                self._column += 1
        return "".join(out)

    def end(self) -> str:
        """Return the word that was held back."""
        return self._placed()

    def _placed(self) -> str:
        word, self._word = self._word, ""
        if not word:
            return ""
        broken = "\n" if self._column and self._column + len(word) > self._width else ""
        self._column = (0 if broken else self._column) + len(word)
        return broken + word
