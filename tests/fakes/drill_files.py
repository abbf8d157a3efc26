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
