"""What a release must hold, counted again from the received files in plain Python.

Nothing here is shared with the pipeline: files are opened by the standard library and python-calamine, and read as the
documents say that describe them (DESIGN, sources/*/README.md and the columns of source.yaml). Tables of reference that
offices publish (status codes, names of schemes) are read from their files under dbt_project/seeds.
"""
