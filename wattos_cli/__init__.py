"""The operator's side of wattos: one command line for one platform."""

__version__ = "0.1.0"
