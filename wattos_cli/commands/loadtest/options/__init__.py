"""The options of a load test, whether they make sense together, and the run that they mean."""
