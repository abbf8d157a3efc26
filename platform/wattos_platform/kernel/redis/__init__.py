"""Redis, when REDIS_URL is set: what the replicas of a platform share. The library is loaded only then."""
