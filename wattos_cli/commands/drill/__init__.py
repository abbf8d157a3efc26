"""`wattos drill`."""
