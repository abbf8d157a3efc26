"""`python -m wattos_cli.reference [FOLDER]` writes help pages and reference documents below FOLDER."""

import sys
from pathlib import Path

from wattos_cli.app import TREE
from wattos_cli.reference.documents import all_documents


def main(root: Path) -> None:
    """Write every document that differs, and say which."""
    for name, text in all_documents(TREE).items():
        path = root / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
