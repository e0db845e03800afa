"""Commands about the answers of annotators."""
