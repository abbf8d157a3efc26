"""What a drill can break. A kind is one file: its table in the drill's file, and the fault made of it."""
