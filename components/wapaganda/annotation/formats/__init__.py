"""One module per file format. Every module here is imported and calls ``register``.

Another package names such a module by an entry point::

    [project.entry-points."wapaganda.formats"]
    tagged_words = "my_package.tagged_words"
"""
