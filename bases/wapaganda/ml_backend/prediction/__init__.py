"""Predictions: which model answers, in which batches, and what Label Studio gets."""
