"""The extractive model: it answers only with sentences of the passages it was given."""
