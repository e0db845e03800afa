"""One module per file format. Every module here is imported and calls ``register``."""
