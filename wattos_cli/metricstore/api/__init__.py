"""The HTTP API of Prometheus over the store: what Grafana's datasource and promtool ask for."""
