"""The secrets that a project gets at its first `up`; each a 0600 file in `.wattos/run`."""

from pathlib import Path

from wattos_cli.project import Project, write_private
from wattos_platform import catalog

JWT_SECRET = "jwt.secret"  # noqa: S105 - a file name
IDENTITY_KEY = "identity.key"
OPERATOR_TOKEN = "operator.token"  # noqa: S105 - a file name
# Opens the loopback API, which only tells: for programs that must not change the platform.
METRICS_TOKEN = "metrics.token"  # noqa: S105 - a file name
_PASSWORDS = {each.name: each.password_file for each in catalog.COMPONENTS if each.has_password}
_NAMES = (JWT_SECRET, IDENTITY_KEY, OPERATOR_TOKEN, METRICS_TOKEN, *_PASSWORDS.values())
_BYTES = 32


def ensure(project: Project) -> None:
    """Create the secrets that are missing or blank; any other is never changed, only its mode mended."""
    for name in _NAMES:
        path = project.secret_file(name)
        if path.exists() and path.read_bytes().strip():
            path.chmod(0o600)
        else:
            _create(path)


def passwords(project: Project) -> dict[str, str]:
    """Return the password of each component that has one, by its name; `ensure` has made them."""
    return {name: project.secret_file(file).read_text().strip() for name, file in _PASSWORDS.items()}


def metrics_tokens(project: Project) -> list[str]:
    """Return the tokens that open the loopback API; `ensure` has made them."""
    return [project.secret_file(name).read_text().strip() for name in (METRICS_TOKEN, OPERATOR_TOKEN)]


def _create(path: Path) -> None:
    """Write a fresh secret and put it in place in one step: a half-written one must never be used."""
    import secrets

    write_private(path, secrets.token_urlsafe(_BYTES).encode())
