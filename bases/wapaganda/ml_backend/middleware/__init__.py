"""What every request passes: authentication, a limit on its body, metrics."""
