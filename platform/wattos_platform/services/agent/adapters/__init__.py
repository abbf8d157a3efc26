"""The database, the role file, rag and the model gateway, behind the ports of agent."""
