"""Receiving: landing folders and declared addresses, the archive and the delivery gate."""
