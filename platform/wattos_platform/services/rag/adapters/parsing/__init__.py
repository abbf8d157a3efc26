"""One module per document format; all of them run in the parser process only."""
