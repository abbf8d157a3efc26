"""Help pages and reference documents, written from the command tree, the exit codes and the settings."""
