"""Prints docs/reference/promql.md anew; without the scripts, as it is."""

import sys

from tests.promqltest.page import PAGE, folder, outcomes, page


def main() -> None:
    """Write the page to stdout, what stands in the way to stderr."""
    scripts = folder()
    if scripts.is_dir():
        sys.stdout.write(page(scripts, outcomes(scripts)))
        return
    sys.stderr.write(f"NOT RUN: no scripts of promqltest in {scripts}; the page stays as it is\n")
    sys.stdout.write(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
