"""Anthropic's Messages: content blocks in and out, around a chat. Source: its API reference."""
