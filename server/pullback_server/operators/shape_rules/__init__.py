"""The shape column: the type of a result from the types of the operands, in Python integers, as in torch."""
