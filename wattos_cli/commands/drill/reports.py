"""Where the outcomes of drills go: stdout, files, what CI shows."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wattos_cli.commands.drill.options import Options
from wattos_cli.deps import Deps
from wattos_cli.drills.outcome import Outcome
from wattos_cli.render import drill as render
from wattos_cli.reports import Ended, prepare_report, publish, require_apart


class Reports:
    """Writes every form again with each outcome that is added: what ran is reported, whatever comes then."""

    def __init__(self, deps: Deps, opts: Options, names: Sequence[str]) -> None:
        self._deps = deps
        self._opts = opts
        self._results: list[dict[str, Any]] = []
        require_apart(deps, {}, {"--json": opts.json_file, "--junit": opts.junit_file})
        for path in self._together():  # now, so that no drill is lost for want of a folder
            prepare_report(deps, path)
        if opts.report_dir is not None:
            for name in names:
                prepare_report(deps, opts.report_dir / f"{name}.json")

    def add(self, outcome: Outcome) -> None:
        """Report one more outcome; WattosError names the files that could not be written."""
        result = outcome.as_json()
        self._results.append(result)
        publish(
            self._deps,
            Ended(
                result["drill"],
                result["verdict"],
                _whole(result),
                self._kept_in(result),
                again="run it again",
            ),
            lambda: self._show(result),
            self._files(result),
            markdown=render.as_markdown(result),
            annotations=render.annotations(result, self._deps.environ),
        )

    def _show(self, result: Mapping[str, Any]) -> None:
        console = self._deps.console
        if console.json_output:
            console.json(result)
        else:
            console.data(render.as_text(result, color=console.color))

    def _files(self, result: Mapping[str, Any]) -> dict[Path, str]:
        """Return the files to write when a drill is over, with their text."""
        files = self._together()
        if self._opts.report_dir is not None:
            files[self._opts.report_dir / f"{result['drill']}.json"] = _whole(result)
            files[self._opts.report_dir / f"{result['drill']}.md"] = render.as_markdown(result)
        return files

    def _kept_in(self, result: Mapping[str, Any]) -> list[Path]:
        """Return the files that are to hold the whole result."""
        folder, lines = self._opts.report_dir, self._opts.json_file
        return [*([folder / f"{result['drill']}.json"] if folder else []), *([lines] if lines else [])]

    def _together(self) -> dict[Path, str]:
        """Return the files that hold all drills, with their text."""
        files = {}
        if self._opts.junit_file is not None:
            files[self._opts.junit_file] = render.as_junit(self._results)
        if self._opts.report_dir is not None:
            files[self._opts.report_dir / "junit.xml"] = render.as_junit(self._results)
        if self._opts.json_file is not None:
            lines = [json.dumps(result, ensure_ascii=False) for result in self._results]
            files[self._opts.json_file] = "".join(f"{line}\n" for line in lines)
        return files


def _whole(result: Mapping[str, Any]) -> str:
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"
