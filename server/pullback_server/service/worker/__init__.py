"""A worker process and where it comes from: one task at a time, answered with the mathematics."""
