"""Ollama's own API: docs/api.md in github.com/ollama/ollama."""
