"""HTTP clients: operations listeners of services, and the gateway's API."""
