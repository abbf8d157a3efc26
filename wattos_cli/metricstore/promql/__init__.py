"""PromQL with the semantics of Prometheus 3 over any `Source`: expressions in, series and annotations out."""
