"""`--find-limit`: run after run at other rates, until the largest that holds is known."""

from dataclasses import replace

from wattos_cli.commands.loadtest.options.run_spec import users_enough
from wattos_cli.commands.loadtest.running.runner import Runner
from wattos_cli.commands.loadtest.running.watch import Watched
from wattos_cli.errors import WattosError
from wattos_cli.loadtest.judging.judgement import judge
from wattos_cli.loadtest.judging.limit import Search, Step, search, step_of
from wattos_cli.loadtest.judging.verdict import Stopped, reasons, verdict
from wattos_cli.loadtest.plan import Arrivals, Plan, Stage
from wattos_cli.loadtest.result.shape import Result
from wattos_cli.render.columns import milliseconds

_SETTLE_S = 3.0
"""So long the target may recover from one rate before the next."""
_MOST_RATE = 100_000.0


class LimitSearch:
    """Tries rates; `best` is the run of the largest that held, else of the last that was tried."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._found = Search()
        self._best: tuple[Plan, Watched] | None = None
        self._best_step: Step | None = None
        self._cut: BaseException | None = None

    def result(self) -> tuple[Result, BaseException | None]:
        """Search and return the result of the best run, with `limit`, and what interrupted the search."""
        runner, found = self._runner, self._found
        arrivals = runner.plan.arrivals
        assert arrivals is not None  # noqa: S101 - a search has a rate to begin at
        try:
            search(arrivals.start, _MOST_RATE, self._attempt, found)
        except BaseException as caught:
            if not self._kept_after(caught):
                raise
        assert self._best is not None  # noqa: S101 - at least one rate was tried, or an error raised
        plan, watched = self._best
        if found.inconclusive and watched.stopped is None:
            watched = replace(watched, stopped=Stopped(found.ended, "invalid"))
        return runner.result(plan, watched, found), self._cut

    def _kept_after(self, caught: BaseException) -> bool:
        """Keep what was tried before something ended the search between runs; False if that is nothing."""
        foreseen = isinstance(caught, WattosError)
        if self._best is None or (isinstance(caught, Exception) and not foreseen):
            return False
        self._found.inconclusive = True
        self._found.ended = caught.message if isinstance(caught, WattosError) else "interrupted"
        self._cut = None if foreseen else caught
        return True

    def _attempt(self, rate: float) -> Step | None:
        runner = self._runner
        if self._best is not None:
            runner.deps.sleep(_SETTLE_S)
        plan = self._at(rate)
        number = len(self._found.steps) + 1
        watched = runner.run(plan, f"{runner.spec.scenario.name}: step {number}, {rate:g} arrivals a second")
        if watched.cut is not None:
            self._cut = watched.cut
            self._best = self._best or (plan, watched)
            return None
        judged = judge(runner.spec.thresholds, watched.measured)
        measured, stopped = watched.measured, watched.stopped
        step = step_of(
            rate,
            measured,
            verdict(measured, judged, stopped, plan.generators),
            reasons(measured, plan.host, stopped, plan.generators),
        )
        self._keep(step, plan, watched)
        missed = ", ".join(one.threshold.expression for one in judged if not one.ok)
        runner.deps.console.note(
            f"  {rate:g}/s: {step.verdict}, {step.achieved:g}/s begun, p95 {milliseconds(step.p95)}"
            f"{f'; missed: {missed}' if missed else ''}"
        )
        return step

    def _at(self, rate: float) -> Plan:
        """Return the plan with a constant rate of arrivals, and users enough for it unless --users says."""
        plan, opts = self._runner.plan, self._runner.opts
        poisson = plan.arrivals is not None and plan.arrivals.poisson
        arrivals = Arrivals(rate, (Stage(plan.duration_s, rate),), poisson)
        users = plan.users if opts.users is not None else users_enough(rate, plan.engine, plan.generators)
        return replace(plan, arrivals=arrivals, users=users)

    def _keep(self, step: Step, plan: Plan, watched: Watched) -> None:
        """Keep the run if it is better than the one that is kept: it holds at a larger rate."""
        best = self._best_step
        if best is None or best.verdict != "pass" or (step.verdict == "pass" and step.rate > best.rate):
            self._best, self._best_step = (plan, watched), step
