"""Google's Gemini API, version v1beta: ai.google.dev/api."""
