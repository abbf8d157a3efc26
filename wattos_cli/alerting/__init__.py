"""Service level objectives, and what is made of them: rules, alerts and their tests, routes."""
