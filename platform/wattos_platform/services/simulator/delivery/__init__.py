"""From an answer to bytes on a connection, by a provider that is well or not."""
