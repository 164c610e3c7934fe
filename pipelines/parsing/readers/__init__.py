"""Readers, by format: XML, JSON, CSV and workbooks."""
