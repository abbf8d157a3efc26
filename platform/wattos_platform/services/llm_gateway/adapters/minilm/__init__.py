"""The local embedding model: files, forward pass, worker process and its client."""
