"""Google's Gemini API (v1beta). Source: its API reference and the types of the official SDK."""
