"""`wattos breaker`."""
