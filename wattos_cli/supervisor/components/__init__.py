"""Components: programs of others that `up --with` starts; how each is configured, and how it is asked."""
