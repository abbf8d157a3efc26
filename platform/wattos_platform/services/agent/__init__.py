"""agent: roles with tools and limits, whose runs survive a crash at the step they had reached."""
