"""Scenarios: where they lie, how their file is read, and every mistake in it told."""
