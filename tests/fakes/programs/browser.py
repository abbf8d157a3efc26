"""A real browser without a window: what a page looks like to somebody, after its script ran."""

import json
import shutil
import subprocess
from html import escape
from pathlib import Path

INSTALL = "chromium is not installed; install it: apt-get install -y chromium"


def opened(page: Path) -> str:
    """Return the document as it is once its script ran."""
    program = shutil.which("chromium")
    assert program, INSTALL
    argv = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    argv += ["--no-first-run", f"--user-data-dir={page.parent / 'profile'}", "--window-size=2000,1000"]
    done = subprocess.run([*argv, "--dump-dom", page.as_uri()], capture_output=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return done.stdout.decode()


def probed(page: Path, expression: str, *, width: int) -> str:
    """Return what a JavaScript expression says of the page in a frame so many pixels wide.

    Its policy, which forbids that, is taken out.
    """
    head, policy, rest = page.read_text(encoding="utf-8").partition(
        '<meta http-equiv="Content-Security-Policy"'
    )
    assert policy
    free = escape(head + rest.partition(">")[2])
    asked = json.dumps(expression).replace("</", "<\\/")
    outer = page.with_name("outer.html")
    outer.write_text(
        f'<!doctype html><iframe style="width:{width}px;height:1000px;border:0" srcdoc="{free}"></iframe>'
        f"<script>onload = () => {{ document.title = 'told: ' + frames[0].eval({asked}); }};</script>",
        encoding="utf-8",
    )
    title = opened(outer).partition("<title>told: ")[2].partition("</title>")[0]
    assert title, "the page's script did not run"
    return title
