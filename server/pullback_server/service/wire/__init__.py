"""Wire messages as domain values, and answers as wire messages."""
