"""The reference column: values by definition, on object arrays of mpmath numbers, sharing nothing with the other two.

Nothing here imports torch or sympy.
"""
