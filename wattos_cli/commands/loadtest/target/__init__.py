"""What the load goes to: the way there, what it costs, and what is seen there meanwhile."""
