"""`wattos ask`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from wattos_cli.clients import credentials, spaces
from wattos_cli.clients.refusals import part
from wattos_cli.deps import Command, Deps, Event, Gateway, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Argument, Option
from wattos_cli.render import answer as render
from wattos_cli.render.safe import visible
from wattos_cli.render.wrap import WordWrap

_TRACEPARENT_PARTS = 4
_UNAVAILABLE = 503
_WAITS_FOR = "waiting for the answer"


@dataclass(frozen=True)
class Options:
    """A question and where to look for its answer."""

    text: str
    space: str = spaces.DEFAULT
    model: str = ""


def run(opts: Options, deps: Deps) -> ExitCode:
    """Ask in a new conversation over the space; print the answer and what it rests on."""
    question = deps.stdin.read() if opts.text == "-" else opts.text
    question = question.encode("utf-8", "replace").decode()
    if not question.strip():
        raise WattosError(
            "the question is empty",
            hint='wattos ask "What ...?"   or from stdin: wattos ask -',
            code="usage",
            exit_code=ExitCode.USAGE,
        )
    gateway = credentials.connect(deps)
    try:
        space = _space(gateway, opts.space, deps)
        body = {} if space is None else {"knowledge_space_id": space}
        conversation = gateway.json("POST", "/api/v1/conversations", body)
        path = f"/api/v1/conversations/{part(conversation, 'id')}/messages"
        message: dict[str, Any] = {"content": question} | ({"model": opts.model} if opts.model else {})
        console = deps.console
        if console.animate and console.stdout.isatty() and not console.json_output:
            answer = _streamed(gateway, path, message, deps)
        else:
            with console.waiting(_WAITS_FOR):
                answer = gateway.json("POST", path, message)
            if not console.json_output:
                console.data(render.safe_lines(str(part(answer, "content"))))
        if space is None:
            answer = {**answer, "degraded": [*(answer.get("degraded") or []), "rag"]}
        _finish(answer, gateway.last_headers, deps)
    finally:
        gateway.close()
    return ExitCode.OK


def _space(gateway: Gateway, name: str, deps: Deps) -> str | None:
    """Return the space's id; None, said on stderr, while nobody can tell that of the default one.

    Who names a space wants its documents, and gets the error.
    """
    try:
        return spaces.space_id(gateway, name, create=False)
    except WattosError as error:
        if name != spaces.DEFAULT or error.details.get("status") != _UNAVAILABLE:
            raise
        deps.console.note(f"asked without documents: {error.message}")
        return None


def _streamed(gateway: Gateway, path: str, message: Mapping[str, Any], deps: Deps) -> Mapping[str, Any]:
    """Write the answer as it comes; return the `done` event, which holds all of it."""
    stdout = deps.console.stdout
    begun = False
    wrap = WordWrap(deps.console.width)
    for event in _patiently(iter(gateway.events(path, {**message, "stream": True})), deps):
        if event.name == "delta":
            begun = True
            content = str(event.data.get("content", ""))
            stdout.write(wrap.feed("\n".join(visible(part) for part in content.split("\n"))))
            stdout.flush()
        elif event.name == "error":
            stdout.write(f"{wrap.end()}\n" if begun else "")
            raise WattosError(
                f"the answer broke off: {event.data.get('message', 'no reason given')}",
                hint=_look_into(str(event.data.get("requestId") or "")),
                code=str(event.data.get("code", "answer_failed")),
            )
        elif event.name == "done":
            stdout.write(f"{wrap.end()}\n")
            return event.data
    raise WattosError(
        "the answer ended before it was complete",
        hint=_look_into(""),
        code="answer_truncated",
    )


def _look_into(request_id: str) -> str:
    """Return where the log lines of a request are, of all requests where its id is not known."""
    return (
        f"wattos logs --request {request_id}"
        if request_id
        else "wattos logs chat llm-gateway --level warning"
    )


def _patiently(events: Iterator[Event], deps: Deps) -> Iterator[Event]:
    """Yield the events; while the first words are waited for, that is said."""
    before = []
    with deps.console.waiting(_WAITS_FOR):
        for event in events:
            before.append(event)
            if event.name in {"delta", "error", "done"}:
                break
    yield from before
    yield from events


def _finish(answer: Mapping[str, Any], headers: Mapping[str, str], deps: Deps) -> None:
    """Write citations and, on stderr, model and degradations; or all of it as JSON."""
    console = deps.console
    parts = headers.get("traceparent", "").split("-")
    trace_id = parts[1] if len(parts) == _TRACEPARENT_PARTS else ""
    request_id = headers.get("x-request-id", "")
    cited = answer.get("citations") or []
    if console.json_output:
        console.json(
            {
                "schema": "wattos.ask/v1",
                "answer": part(answer, "content"),
                "model": answer.get("model"),
                "citations": cited,
                "degraded": answer.get("degraded") or [],
                "usage": answer.get("usage") or {},
                "request_id": request_id,
                "trace_id": trace_id,
            }
        )
        return
    if cited:
        console.data("\n" + render.citations(cited, width=console.width, color=console.color))
    degraded = answer.get("degraded") or []
    suffix = f", degraded: {', '.join(degraded)}" if degraded else ""
    console.note(f"model: {answer.get('model')}{suffix}\ntrace: wattos logs --trace {trace_id}")


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos ask`."""

    def ask(
        deps: Deps,
        *,
        text: Annotated[
            list[str], Argument(metavar="TEXT", help="The question, quoted or not; - reads it from stdin.")
        ],
        space: Annotated[
            str, Option("--space", metavar="S", help="Knowledge space to look in.")
        ] = spaces.DEFAULT,
        model: Annotated[
            str, Option("--model", metavar="M", help="Model or alias.", default_text="the alias `default`")
        ] = "",
    ) -> ExitCode:
        """Ask a question and get an answer with citations from your documents.

        Examples:
          wattos ask "Which exit code means the platform is not running?"
          wattos ask "Who signs the contract?" --space legal -o json
        """
        return run(Options(" ".join(text), space, model), deps)

    return ask
