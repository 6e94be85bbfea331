"""The reference column: values by definition, on object arrays of mpmath numbers, without torch and sympy.

Of what the other columns use it has only how arguments are read, from the shape rules.
"""
