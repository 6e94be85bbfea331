"""Plans evaluated on tensors, with bounds on what rounding makes of them."""
