"""What is registered by name: by modules of a brick, and by modules that installed packages name.

Another package adds to a `Registry` by an entry point of its group that names a module::

    [project.entry-points."wapaganda.measures"]
    gini = "my_package.gini"
"""

from wapaganda.plugins.registry import Registry

__all__ = ["Registry"]
