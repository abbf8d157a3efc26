"""`wattos loadtest`."""
