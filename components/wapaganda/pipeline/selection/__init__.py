"""Score the pool and choose the next batch from it."""
