"""Metrics of the past day: what the supervisor scraped, kept in files and asked with PromQL."""
