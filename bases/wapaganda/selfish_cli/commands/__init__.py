"""The commands, one a file; a command imports no other command."""
