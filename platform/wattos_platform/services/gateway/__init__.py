"""The only door: who calls, what they may do, how often, and where it goes."""
