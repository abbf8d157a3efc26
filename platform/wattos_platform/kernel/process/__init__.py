"""Programs around the services: the fork server, from which the supervisor starts replicas."""
