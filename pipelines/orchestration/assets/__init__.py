"""Assets, by stage: receiving, lake, build, release."""
