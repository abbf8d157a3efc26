"""What `wattos doctor` looks at, and the redacted bundle of `wattos export`."""
