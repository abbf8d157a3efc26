"""What a drill can assert. A kind is one file: its keys in the drill's file, and how it is judged."""
