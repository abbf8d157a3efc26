"""Whether a run is slower than its baseline: block bootstrap over seconds, never over single requests.

The requests of one second have a cause in common: counting each as a witness of its own makes every pause of
a garbage collector a regression.
"""
