"""Fuzzing of what strangers' text and bytes meet first: `python -m tests.fuzz --minutes 10`."""
