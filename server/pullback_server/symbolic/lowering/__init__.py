"""Expressions in index notation lowered to plans: steps on labelled tensors, equal parts computed once."""
