"""Variables of `wattos env` where the platform is started: they lead callers to it, not it to itself."""

from collections.abc import Mapping

# The variables' prefix, and the path that stands behind the gateway's address in the base URL.
_APIS = {"OPENAI": "/v1", "ANTHROPIC": ""}


def without_own_base_urls(environ: Mapping[str, str], gateway_url: str) -> dict[str, str]:
    """Return `environ` without base URLs that lead to this platform's own gateway, and without their keys.

    A provider with such an address would ask the gateway that asks it; and the key, which `wattos env` makes
    anew each time, would make the services stale.
    """
    own = {
        variable
        for name, path in _APIS.items()
        if environ.get(f"{name}_BASE_URL", "").rstrip("/") == gateway_url + path
        for variable in (f"{name}_BASE_URL", f"{name}_API_KEY")
    }
    return {name: value for name, value in environ.items() if name not in own}
