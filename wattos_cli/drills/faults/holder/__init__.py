"""The fault holder: a small process that does something to the platform, and undoes it when it must.

It holds a fault until its stdin closes, a signal tells it to end, or the time to live is over, and leaves
nothing behind in each of these cases, nor when it is killed itself. Standard library only: it starts at once.
"""
