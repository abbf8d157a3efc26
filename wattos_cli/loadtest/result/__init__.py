"""The result of a load test read back (`wattos.loadtest/v1`), and what reports show of it."""
