"""The contract's messages as values of the domain, and values as messages."""
