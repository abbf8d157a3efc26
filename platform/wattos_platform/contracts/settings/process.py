"""What a process is: where it listens, where its files are, how much it takes in."""

from pathlib import Path

from wattos_platform.contracts.settings.variable import Group, variable


class ProcessSettings(Group):
    """One process: addresses, folders, logs, limits of what it takes in."""

    host: str = variable(
        "WATTOS_HOST", default="127.0.0.1", description="Address to bind when no socket is handed over."
    )
    port: int = variable(
        "WATTOS_PORT", "PORT", default=0, ge=0, le=65535, description="Port; 0 takes the catalog's."
    )
    http_fd: int | None = variable(
        "WATTOS_HTTP_FD", default=None, description="Listening socket handed over by the supervisor."
    )
    ops_socket: Path | None = variable(
        "WATTOS_OPS_SOCKET", default=None, description="Unix socket of the operations listener."
    )
    ops_port: int | None = variable(
        "WATTOS_OPS_PORT", default=None, description="TCP port of the operations listener (containers)."
    )
    replica: int = variable("WATTOS_REPLICA", default=0, ge=0, description="Number of this replica.")
    data_dir: Path = variable(
        "WATTOS_DATA_DIR", default=Path(".wattos/data"), description="Folder of databases and files."
    )
    run_dir: Path = variable(
        "WATTOS_RUN_DIR", default=Path(".wattos/run"), description="Folder of pid files and secrets."
    )
    log_file: Path | None = variable(
        "WATTOS_LOG_FILE", default=None, description="Own log file, re-opened on SIGHUP."
    )
    config_file: Path | None = variable(
        "WATTOS_CONFIG_FILE", default=None, description="Generated JSON made from wattos.toml."
    )
    log_level: str = variable(
        "WATTOS_LOG_LEVEL", "LOG_LEVEL", default="info", pattern="^(debug|info|warning|error|critical)$",
        description="Least level that is logged.",
    )  # fmt: skip
    drain_s: int = variable(
        "WATTOS_DRAIN_S", default=10, ge=0, description="Time for running requests after SIGTERM."
    )
    health_interval_s: float = variable(
        "WATTOS_HEALTH_INTERVAL_S", default=5.0, gt=0, description="Between two health checks."
    )
    max_connections: int = variable(
        "WATTOS_MAX_CONNECTIONS",
        default=2000,
        gt=0,
        description="Connections of clients that each replica keeps at once; more get 503.",
    )
    body_limit_bytes: int = variable(
        "WATTOS_BODY_LIMIT_BYTES", default=2_000_000, gt=0, description="Largest JSON body."
    )
    llm_body_limit_bytes: int = variable(
        "WATTOS_LLM_BODY_LIMIT_BYTES", default=20_000_000, gt=0, description="Largest body under /v1."
    )
    upload_limit_bytes: int = variable(
        "WATTOS_UPLOAD_LIMIT_BYTES", default=50_000_000, gt=0, description="Largest upload."
    )
