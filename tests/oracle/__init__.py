"""What a release must hold, counted again from the received files in plain Python.

Nothing here is shared with the pipeline: files are opened by the standard library and python-calamine, and read as the
documents say that describe them (DESIGN, sources/*/README.md and the columns of source.yaml). Tables of reference that
offices publish (status codes, names of schemes) and the rules of the brand work are read from their files under
dbt_project/seeds. Who is who is taken from the release, and only that: firms.py says why and what.
"""
