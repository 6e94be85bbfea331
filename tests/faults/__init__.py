"""A service under load while everything around it breaks: `python -m tests.faults --minutes 10 --clients 32`."""
