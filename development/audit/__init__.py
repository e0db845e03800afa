"""The audit of the locked dependencies."""
