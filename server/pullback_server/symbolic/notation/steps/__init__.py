"""The derivation of a gradient, step by step."""
