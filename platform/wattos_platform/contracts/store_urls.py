"""Which URLs of stores can work; a reason repeats nothing of the URL, since it may hold a password."""

from urllib.parse import SplitResult, parse_qs, urlsplit

_REDIS_FORM = "write redis://[[user]:password@]host[:port][/number], rediss:// for TLS, or unix:///path"
_REDIS_OPTIONS = frozenset(
    {"db", "ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile"}
)


def redis_url_mistake(url: str) -> str | None:
    """Return why `url` cannot name a Redis and how to write it, None when it can."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for one that is no number
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        return f"is not a valid URL; {_REDIS_FORM}, special characters of a password as %XX"
    if parts.scheme not in {"redis", "rediss", "unix"}:
        return f"does not begin like a Redis URL; {_REDIS_FORM}"
    if not (parts.path if parts.scheme == "unix" else parts.hostname):
        return f"names no Redis; {_REDIS_FORM}"
    if parts.fragment or not _database_is_valid(parts, options):
        return f"names no database of Redis by its number; {_REDIS_FORM}"
    unknown = sorted(set(options) - _REDIS_OPTIONS)
    if unknown:
        return f"has an option that is not known; known are {', '.join(sorted(_REDIS_OPTIONS))}"
    return None


def database_url_mistake(url: str) -> str | None:
    """Return why no service can use the database at `url`, None for SQLite, which needs no URL at all."""
    if url.startswith(("sqlite:", "sqlite+")):
        return None
    return (
        "names a database that services cannot use yet; unset it: each service keeps its rows in a SQLite "
        "file of its own, in WATTOS_DATA_DIR"
    )


def _database_is_valid(parts: SplitResult, options: dict[str, list[str]]) -> bool:
    named = [] if parts.scheme == "unix" else [parts.path.removeprefix("/")]
    return all(number.isascii() and number.isdigit() for number in (*named, *options.get("db", [])) if number)
