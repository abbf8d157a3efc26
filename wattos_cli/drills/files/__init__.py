"""Drills as files: the built-in ones, how a file is read, and every mistake in it told."""
