"""The wire formats of the providers, one file or folder each; pure."""
