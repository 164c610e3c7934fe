"""Releases: publishing, fingerprints, differences and the site."""
