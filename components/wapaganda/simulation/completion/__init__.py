"""From a few labels to the finished data set: the product's way, the standard alternative, their hours."""
