"""What a project remembers between two `up`: port offset and ports (run/ports.json)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from wattos_cli.config.model import Config
from wattos_cli.project import Project, read_json, write_private

_SCHEMA = "wattos.ports/v1"


@dataclass(frozen=True, slots=True)
class LastPorts:
    """The offset of the last `up`, and the ports that its `--port` flags named."""

    port_offset: int | None = None
    ports: Mapping[str, int] = field(default_factory=dict)


def recall(project: Project) -> LastPorts:
    """Return what the last `up` left; nothing of it when the file is missing or not ours."""
    value = read_json(project.ports_file) or {}
    offset, ports = value.get("port_offset"), value.get("ports")
    return LastPorts(
        offset if isinstance(offset, int) else None,
        {str(k): v for k, v in ports.items() if isinstance(v, int)} if isinstance(ports, dict) else {},
    )


def in_force(config: Config, last: LastPorts) -> LastPorts:
    """Return where services listen when no flag says otherwise: configuration before what was remembered."""
    configured = config.setting("port_offset").origin != "default"
    offset = config.port_offset if configured or last.port_offset is None else last.port_offset
    return LastPorts(offset, {**last.ports, **config.ports})


def remember(project: Project, ports: LastPorts) -> None:
    """Write `ports` for the next `up`."""
    document = {"schema": _SCHEMA, "port_offset": ports.port_offset, "ports": dict(ports.ports)}
    write_private(project.ports_file, json.dumps(document).encode())
