"""Trainings: what Label Studio reports, when a training starts, and the process that runs it."""
