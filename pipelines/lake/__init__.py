"""Lake: parsed deliveries as DuckDB views, with corrections, decisions and quarantine applied."""
