"""The simulator: an upstream that speaks OpenAI's wire format, with settable pace and faults."""
