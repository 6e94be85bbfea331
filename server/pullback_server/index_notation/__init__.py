"""Index notation: tensors as scalar sympy expressions in index symbols, their arithmetic, and how deltas contract.

It knows no operator: the table's sympy column is written in it.
"""
