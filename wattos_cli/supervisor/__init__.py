"""The daemon behind `wattos up`: guardian, fork server client, probes, restarts, control socket.

Standard library only: it must be small, start at once, and outlive every mistake of the services.
"""
