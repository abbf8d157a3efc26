"""What the simulator does to connections."""
