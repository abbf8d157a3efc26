"""What the figures mean: thresholds, saturation, the verdict, and the largest rate that holds."""
