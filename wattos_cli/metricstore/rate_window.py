"""Over how much time a rate is looked at, at the least."""

_LEAST_S = 20.0
# A rate takes two scrapes, and one between them may have failed.
_SCRAPES = 3


def rate_window_s(scrape_s: float) -> float:
    """Return the least time, in seconds, in which a rate finds two scrapes; one comes every `scrape_s`."""
    return max(_LEAST_S, _SCRAPES * scrape_s)
