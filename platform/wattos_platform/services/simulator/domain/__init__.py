"""What the simulator says, how fast, and what goes wrong: pure."""
