"""Pure rules of the model gateway: no web, no I/O."""
