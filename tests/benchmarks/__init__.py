"""Benchmarks: ratios against what a user would otherwise do, each pair interleaved in one run."""
