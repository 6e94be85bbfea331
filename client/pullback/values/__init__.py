"""What callers hand over and get back: requests, replies, verdicts, problems, grades and the service's language."""
