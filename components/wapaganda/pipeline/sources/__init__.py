"""The sources of texts and labels: a Label Studio project, or files."""
