"""Drills as their files hold them, without mistakes."""

OUTAGE = """\
name = "mine"
summary = "The provider is down."
hypothesis = "Nobody notices."
[load]
journeys = { Model = 1 }
[phases]
fault = "8s"
recovery = "10s"
[[steady]]
threshold = "errors:rate<1%"
[[fault]]
kind = "simulator"
request = { kind = "status", status = 503 }
[[assertions]]
when = "fault"
within = "3s"
breaker = "llm:openai"
state = "open"
"""

# All that a drill can have: what must hold before, meanwhile, afterwards and over the whole of it.
WHOLE = """\
name = "mine"
summary = "The provider is down."
hypothesis = "Nobody notices."
[load]
journeys = { Model = 1 }
[phases]
steady = "3s"
fault = "8s"
recovery = "10s"
[[steady]]
name = "well"
threshold = "errors:rate<1%"
[[fault]]
kind = "simulator"
request = { kind = "status" }
[[assertions]]
name = "opens"
when = "fault"
within = "3s"
breaker = "llm:openai"
state = "open"
[[assertions]]
name = "left alone"
when = "fault"
simulator = "total <= 20"
[[assertions]]
name = "no errors"
when = "whole"
threshold = "errors:rate<1%"
[[assertions]]
name = "closes"
when = "recovery"
within = "5s"
breaker = "llm:openai"
state = "closed"
[rollback]
reset = ["llm:openai"]
"""
