"""Serving: reading a release, for commands and for the browser."""
