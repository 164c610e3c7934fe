"""Serving: what reads a release, for commands and for the web."""
