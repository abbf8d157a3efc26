"""The names that a shell completes: what a person may name here, known without asking anybody."""


def services() -> list[str]:
    """Return the bundled services, the components, and what is listed in the project one stands in."""
    from pathlib import Path

    from wattos_cli.project import find
    from wattos_platform import catalog

    try:
        state = find(Path.cwd()).read_services() or {}
    except OSError:
        state = {}
    listed = {str(row.get("name", "")) for row in state.get("services", []) if isinstance(row, dict)}
    return sorted({*catalog.PORTS, *listed} - {"supervisor", ""})


def optional() -> list[str]:
    """Return what `wattos up --with` can start."""
    from wattos_platform import catalog

    return sorted(catalog.OPTIONAL)


def providers() -> list[str]:
    """Return the model providers that come with the program."""
    from wattos_cli.config.schema import PROVIDERS

    return sorted(PROVIDERS)
