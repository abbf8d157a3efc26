"""Runs a load test, one run or a search of many, and shows how it goes."""
