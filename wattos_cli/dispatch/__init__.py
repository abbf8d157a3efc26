"""From argv to a command's `run`: the tree, lazy loading, and the options that every command takes."""
