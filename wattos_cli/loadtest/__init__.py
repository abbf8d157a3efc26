"""The engine behind `wattos loadtest`: scenarios, thresholds, the generator process, and its result.

Locust runs in a process of its own: importing it replaces parts of the standard library (gevent).
"""
