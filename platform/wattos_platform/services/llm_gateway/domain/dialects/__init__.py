"""How callers speak to this gateway: one file or folder per dialect, all around the same chat request."""
