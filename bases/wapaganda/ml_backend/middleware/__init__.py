"""The middleware of all requests: authentication, a limit on the body, metrics."""
