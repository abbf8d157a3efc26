"""How each kind of provider wants to be spoken to: pure translations between its API and OpenAI's shapes."""
