"""The result of a load test (`wattos.loadtest/v1`), made and read back, and what reports show of it."""
