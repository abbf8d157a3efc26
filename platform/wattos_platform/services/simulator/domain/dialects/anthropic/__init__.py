"""Anthropic's API: platform.claude.com/docs/en/api."""
