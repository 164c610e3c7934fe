"""Lake: parsed deliveries as DuckDB views, with corrections, decisions about enterprises, and quarantine."""
