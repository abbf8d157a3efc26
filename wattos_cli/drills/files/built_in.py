"""The names of the built-in drills, quickly: for completion, and where nothing else is wanted."""

from pathlib import Path


def built_in_files(root: Path | None = None) -> dict[str, Path]:
    """Return the files of the drills that travel with the program, by name."""
    from wattos_cli.loadtest.scenarios.places import folder

    return {file.stem: file for file in sorted((root or folder() / "drills").glob("*.toml"))}


def built_in_names() -> list[str]:
    """Return the names in the order of the alphabet."""
    return list(built_in_files())
