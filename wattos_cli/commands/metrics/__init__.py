"""`wattos metrics`."""
