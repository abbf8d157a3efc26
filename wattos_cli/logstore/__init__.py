"""The engine behind `wattos logs`: reads, merges, filters and follows log files."""
