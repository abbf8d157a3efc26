"""`wattos dashboards`."""
