"""The model gateway side by side with nginx and, where they are installed, LiteLLM and Portkey."""
