"""The selfish command."""
