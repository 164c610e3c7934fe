"""Assets, by stage: receiving, lake, build, models, release."""
