"""What people see and type: options, progress, tables, errors."""
