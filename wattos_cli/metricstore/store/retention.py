"""What is kept: samples up to an age, files up to a size, the newest before the others."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from wattos_cli.metricstore.store import files


@dataclass(frozen=True, slots=True)
class Keep:
    """How long samples are kept, and how much all files of the store may weigh."""

    age_ms: int = 24 * 60 * 60 * 1000
    size_bytes: int = 200 * 1024 * 1024


def enforce(folder: Path, keep: Keep, now_ms: int) -> None:
    """Remove blocks that are too old, then the oldest until the rest fits; what is being written stays."""
    sealed = [block for target in files.targets(folder) for block in files.blocks(target)]
    sealed.sort(key=lambda block: block.end_ms)
    sizes = {block.path: block.path.stat().st_size for block in sealed}
    excess = size_bytes(folder) - keep.size_bytes
    for block in sealed:
        if block.end_ms < now_ms - keep.age_ms or excess > 0:
            block.path.unlink()
            excess -= sizes[block.path]
    for target in files.targets(folder):
        if not files.blocks(target) and not files.heads(target):
            (target / files.FAMILIES).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # somebody else's file lies there
                target.rmdir()


def size_bytes(folder: Path) -> int:
    """Return how much all files of the store take."""
    return sum(
        path.stat().st_size for target in files.targets(folder) for path in target.iterdir() if path.is_file()
    )
