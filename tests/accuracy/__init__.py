"""The share of their allowed errors that torch's kernels reach, against exact values."""
