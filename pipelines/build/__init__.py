"""Build: the inputs and their hash, the work database, dbt, the dictionary, and linkage of enterprises."""
