"""Grafana dashboards: described here, built with Grafana's own SDK, checked, written and pushed."""
