"""State: folders under TOUCHSTONE_HOME, the lock, database connections, atomic writes and run folders."""
