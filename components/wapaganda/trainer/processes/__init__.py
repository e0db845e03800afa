"""Trainings that need nothing from each other, each in a process of its own, at the same time."""
