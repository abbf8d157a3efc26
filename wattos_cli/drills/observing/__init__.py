"""What is seen while a drill runs: the platform through one port, the requests, the counters, the figures."""
