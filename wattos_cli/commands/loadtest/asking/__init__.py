"""What a load test is asked to do: the options, and whether they make sense together."""
