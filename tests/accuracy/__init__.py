"""The share of the errors in `kernel_errors` and `primitives` that torch's kernels reach, against exact values."""
