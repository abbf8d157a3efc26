"""The model gateway: one OpenAI-compatible API in front of every provider, the offline one included."""
