"""Notices: reading what Chinese inspection notices print. sources/*/parse.py may import this."""
