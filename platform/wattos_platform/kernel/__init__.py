"""What every service has in common; `service.build_service` puts it together."""
