"""OpenAI's API: platform.openai.com/docs/api-reference."""
