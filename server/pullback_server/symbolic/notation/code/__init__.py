"""Derivatives as Python modules, in torch and in NumPy."""
