"""What the name of a Claude model tells of what it takes."""

import re

# claude-sonnet-4-5-20250929, claude-3-7-sonnet-latest, claude-opus-5
_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:-(\d{1,2}))?(?![\d])")
# From here on a model decides itself how long it thinks, and takes an effort instead of a budget.
ADAPTIVE_SINCE = (4, 6)
# From here on sampling is the model's own matter: any temperature or top_p but the default is refused.
OWN_SAMPLING_SINCE = (4, 7)


def version_of(model: str) -> tuple[int, int] | None:
    """Return the version in a model's name, None where there is none."""
    found = _VERSION.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else None


def thinks_adaptively(model: str) -> bool:
    """Return whether the model takes an effort; one whose name says nothing is taken for a new one."""
    version = version_of(model)
    return version is None or version >= ADAPTIVE_SINCE


def samples_itself(model: str) -> bool:
    """Return whether the model refuses sampling parameters; one whose name says nothing may take them."""
    version = version_of(model)
    return version is not None and version >= OWN_SAMPLING_SINCE
