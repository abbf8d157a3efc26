"""Pure rules of retrieval: chunks, terms, fusion, redaction, names. No I/O, no web."""
