"""A pool of Parquet shards that is too large for memory, scored piece by piece."""
