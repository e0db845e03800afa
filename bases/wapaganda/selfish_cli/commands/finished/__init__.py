"""Commands about the finished data set."""
