"""How a drill is run: what must be there first, the phases, the faults, and the rollback in any case."""
