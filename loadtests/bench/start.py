"""How long the command line takes: `python -m loadtests.bench.start [ROUNDS]` where a platform runs.

Prints the median wall time of whole processes in milliseconds, and each as a multiple of `python -c pass`;
all commands run in turn within each round, so that a noisy moment hits all of them.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 20
_BIN = Path(sys.executable).parent
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "wattos --help": [str(_BIN / "wattos"), "--help"],
    "wattos ps": [str(_BIN / "wattos"), "ps"],
    "wattos health": [str(_BIN / "wattos"), "health"],
    "wattos metrics": [str(_BIN / "wattos"), "metrics"],
}


def wall_ms(argv: list[str]) -> float:
    """Return the wall time of one run of `argv`, in milliseconds."""
    begin = time.perf_counter()
    subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return (time.perf_counter() - begin) * 1000


def main(rounds: int) -> None:
    """Measure every command `rounds` times and print medians and ratios."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, argv in COMMANDS.items():
            times[name].append(wall_ms(argv))
    base = statistics.median(times["python -c pass"])
    print(f"{rounds} rounds; median (min - max) in ms, and times `python -c pass`")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:16} {median:7.1f} ({min(values):.1f} - {max(values):.1f})  {median / base:5.1f}x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
