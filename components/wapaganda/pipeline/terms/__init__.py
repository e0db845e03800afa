"""One decision for all places of a term in the pool: offered, checked in a sample, stored, undone."""
