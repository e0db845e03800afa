"""One module a file format. A module here is found by its place and calls ``register``."""
