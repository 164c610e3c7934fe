"""Parsing: from received bytes to typed Parquet and quarantine."""
