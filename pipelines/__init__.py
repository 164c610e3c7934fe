"""Touchstone's pipelines: how deliveries are received, gated, parsed, built and published."""
