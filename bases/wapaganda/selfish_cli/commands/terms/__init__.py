"""selfish terms: one decision for all places of a term."""
