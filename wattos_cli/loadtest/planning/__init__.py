"""From what is asked for to a plan: scenarios, the load over time, and when arrivals are due."""
