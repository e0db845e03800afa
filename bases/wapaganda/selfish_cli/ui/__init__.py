"""The user interface: options, progress, tables, errors."""
