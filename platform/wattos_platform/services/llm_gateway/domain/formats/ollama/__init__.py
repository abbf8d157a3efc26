"""Ollama's native API. Source: docs/api.md and api/types.go of its repository."""
