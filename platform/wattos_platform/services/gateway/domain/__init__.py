"""Pure rules of the gateway: no web library, no I/O."""
