"""OpenAI's Responses: items in, items out, around a chat. Source: its API reference."""
