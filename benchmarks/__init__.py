"""How fast Touchstone is, as ratios against baselines measured in the same run: `python -m benchmarks --scale N`."""
