"""The contest: the same shortlists by the engine, polars and DuckDB, compared bid by bid."""
