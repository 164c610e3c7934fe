"""State: folders under TOUCHSTONE_HOME, the lock, database connections and run folders."""
