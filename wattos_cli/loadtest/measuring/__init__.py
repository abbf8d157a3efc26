"""What happened, counted: histograms, intervals, and the journal in which the generator hands them over."""
