"""The kinds of sources, a module each; each is found by its place."""
