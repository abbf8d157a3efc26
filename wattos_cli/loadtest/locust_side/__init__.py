"""Locust as our engine: what is put around it so that it counts, keeps to a plan, and ends in any case.

`plugin.py` is loaded by Locust beside the scenario. Only it, `inside.py`, `shape.py` and `users.py` import
Locust, which replaces parts of the standard library (gevent).
"""
