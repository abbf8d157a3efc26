"""What the gateway keeps: keys, revocations and the audit log in its own database."""
