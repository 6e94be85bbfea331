"""Closed forms as people and programs read them."""
