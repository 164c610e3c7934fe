"""Speed and memory of Touchstone, compared with baselines of the same run: `python -m benchmarks --scale N`."""
