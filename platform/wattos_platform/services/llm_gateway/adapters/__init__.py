"""What the model gateway's ports look like in the real world: upstreams, the embedding worker, tables."""
