"""Offices: one module or package per source, which writes its simulated deliveries."""
