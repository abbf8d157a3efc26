"""`wattos alerts`."""
