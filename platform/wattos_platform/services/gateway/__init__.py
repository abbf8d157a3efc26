"""The only way in: who calls, what they may do, how often, and where it goes."""
