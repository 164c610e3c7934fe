"""The site of a release."""
