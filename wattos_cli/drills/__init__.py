"""The engine behind `wattos drill`: drills as files, faults, load, assertions with times, rollback."""
