"""The database, rag and the model gateway, behind the ports of chat."""
