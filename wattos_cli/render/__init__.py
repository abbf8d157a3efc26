"""How results look: text and JSON made from plain values; nothing in here reads or writes."""
