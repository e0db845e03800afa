"""One round of the loop, its report and its record in the run log."""
