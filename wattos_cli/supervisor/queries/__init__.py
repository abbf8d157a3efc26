"""Queries of the loopback API, evaluated in processes of their own: one that takes too long is ended."""
