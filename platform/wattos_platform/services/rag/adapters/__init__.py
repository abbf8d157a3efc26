"""What touches the outside: database, files, the parser process, the model gateway."""
