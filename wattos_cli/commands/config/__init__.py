"""`wattos config`."""
