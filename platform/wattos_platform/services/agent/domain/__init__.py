"""Roles, the state machine of a run, its limits and figures; pure functions and frozen records."""
