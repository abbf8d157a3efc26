"""What a drill does, told on stderr as it happens: one line each, on a terminal and in a pipeline."""

from wattos_cli.console import Console
from wattos_cli.drills.steps import Phase, Step
from wattos_cli.render import drill as render


class Progress:
    """Tells phases and steps on the console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def phase(self, phase: Phase) -> None:
        """Tell that a phase begins."""
        self._console.note(render.phase_line(phase.name, phase.at_s, phase.longest_s))

    def step(self, step: Step) -> None:
        """Tell a step."""
        console = self._console
        console.note(render.step_line(step.as_json(), color=console.color, width=console.note_width))
