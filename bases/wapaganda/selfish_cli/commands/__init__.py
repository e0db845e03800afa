"""The commands, one per file; a command imports no other command."""
