"""Train one model version, calibrate it, compare it with the live one, decide which one goes live."""
