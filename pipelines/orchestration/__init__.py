"""Orchestration: everything that imports Dagster."""
