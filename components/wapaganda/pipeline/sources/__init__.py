"""Where texts and labels come from: a Label Studio project, or files."""
