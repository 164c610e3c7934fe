"""Simulation: deliveries of an invented world."""
