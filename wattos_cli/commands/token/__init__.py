"""`wattos token`."""
