"""Anthropic's Messages API. Source: its API reference and the types of the official SDK."""
