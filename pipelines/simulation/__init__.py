"""Simulation: synthetic deliveries of an invented world."""
