"""Matching of enterprises, measured on names with known truth: `python -m benchmarks.identity`."""
