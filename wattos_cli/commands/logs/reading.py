"""From the options to entries: which files, how much of them, and on to the writer."""

from collections.abc import Iterable, Iterator
from itertools import chain

from wattos_cli.commands.logs.options import Format, Options
from wattos_cli.commands.logs.output import Writer, write_counts, write_stats
from wattos_cli.deps import Deps
from wattos_cli.logstore import history, stream
from wattos_cli.logstore.arguments import run_back
from wattos_cli.logstore.criteria import Criteria
from wattos_cli.logstore.entries import Entry
from wattos_cli.logstore.places import Places
from wattos_cli.logstore.session import Extent, Session
from wattos_cli.logstore.tally import Tally

FOLLOW_LINES = 50
POLL_S = 0.05


def from_stdin(opts: Options, deps: Deps, criteria: Criteria, tally: Tally) -> None:
    """Show what comes through standard input, as it comes."""
    batches: Iterable[Iterable[Entry]] = stream.piped(
        stream.reader(deps.stdin), history.assembler(0, criteria, tally)
    )
    if opts.lines is not None or opts.count_by or opts.stats:
        batches = [chain.from_iterable(batches)]  # the answer is known at the end only
    for batch in batches:
        _write(opts, deps, history.newest(history.wanted(batch, criteria, tally), tally, opts.lines))


def from_files(opts: Options, deps: Deps, criteria: Criteria, tally: Tally) -> None:
    """Show what the files hold and, with `--follow`, what is written to them from now on."""
    places = Places(deps.cwd, deps.environ, opts.files, opts.services)
    reaching_back = opts.files or criteria.since_s or criteria.until_s or criteria.request or criteria.trace
    back = run_back(opts.run) if opts.run else None if reaching_back else 0
    last = FOLLOW_LINES if opts.follow and opts.lines is None and not opts.since else opts.lines
    session = Session(places.families(), criteria, Extent(back, last, opts.follow), tally)
    try:
        for notice in places.notices:
            deps.console.note(notice)
        if session.out_of_time:
            deps.console.note("No log lines in that time.")
        elif session.empty:
            deps.console.note(places.nothing_there(opts.run))
        _write(opts, deps, session.history())
        if opts.follow:
            for batch in session.follow(places.families, lambda: _pause(deps)):
                _write(opts, deps, iter(batch))
                while tally.notices:
                    deps.console.note(tally.notices.pop(0))
    finally:
        session.close()


def _pause(deps: Deps) -> None:
    """Wait a moment for more; BrokenPipeError when nobody reads any more."""
    deps.console.require_reader()
    deps.sleep(POLL_S)


def _write(opts: Options, deps: Deps, entries: Iterator[Entry]) -> None:
    if opts.count_by:
        write_counts(deps.console, entries, opts.count_by)
        return
    if opts.stats:
        write_stats(deps.console, entries, opts.stats)
        return
    writer = Writer(deps.console, "table" if opts.output is Format.PRETTY else str(opts.output))
    for entry in entries:
        writer.write(entry)
    writer.flush()
