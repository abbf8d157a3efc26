"""Charts as SVG that stretches to any width, with labels that do not, and a table of the same figures."""
