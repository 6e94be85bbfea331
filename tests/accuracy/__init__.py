"""How much of the error that `symbolic.kernel_errors` allows torch's kernels they reach, against exact values."""
