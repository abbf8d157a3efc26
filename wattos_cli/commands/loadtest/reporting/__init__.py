"""Reports the result: beside an earlier one, on the terminal, in files, to a pipeline."""
