"""The commands of `touchstone`, one module per group of commands."""
