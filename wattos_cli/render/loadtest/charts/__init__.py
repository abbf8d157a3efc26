"""Charts as SVG that stretches to any width, with labels beside it that do not, and a table as their twin."""
