"""Breaker, retry, limiter, cache, deadline: pure classes with injected clock, random and sleep."""
