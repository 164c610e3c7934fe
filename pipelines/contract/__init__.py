"""Contract: what a source declares, and values checked and typed by it."""
