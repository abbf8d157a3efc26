"""What the temporary users of load tests and drills made and could not delete: deleted for them."""
