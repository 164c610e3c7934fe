"""Offices: one module per source, which writes its simulated deliveries."""
