"""The commands; the path is the command: `ps.py` is `wattos ps`, `token/create.py` is `wattos token create`.

A command module has three parts and imports neither typer nor anything slow at its top:

    @dataclass(frozen=True)
    class Options:              # all that the work may know of the command line
        services: tuple[str, ...] = ()

    def run(opts: Options, deps: Deps) -> ExitCode:         # the work; heavy imports inside
        ...

    def command(run: Run[Options] = run) -> Command:        # parsing only; a test passes its own run
        def ps(
            deps: Deps,
            *,
            services: Annotated[list[str] | None, Argument(help="Only these services.")] = None,
        ) -> ExitCode:
            '''Show every service and its state.

            Examples:
              wattos ps -o json
            '''
            return run(Options(tuple(services or ())), deps)

        return ps

`deps` always comes first and is handed over by the dispatcher. `-C`, `--no-color` and `-o` need no parameter:
they are added to every command, and show in `deps.cwd`, `deps.console.color` and
`deps.console.json_output`. A command that knows further formats declares its own `output` parameter
(`Option("-o", "--output", ...)`); the value `json` still sets `deps.console.json_output`. A command fails by
raising `WattosError`; it never prints an error and never exits by itself. It is registered by one line in
`wattos_cli/app.py`. `Run` and `Command` come from `wattos_cli.deps`, `Option` and `Argument` from
`wattos_cli.parameters` (typer's own work too, but cost typer's import on each call).
After a change of options or docstrings: `python -m wattos_cli.reference` writes help pages and docs anew.
"""
