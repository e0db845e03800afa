"""The strategies that come with the brick, and the search for all others.

Every module in this folder is imported when the brick is, so a file with one ``@strategy`` function is all
that a new strategy needs. Another package registers its strategies by an entry point of the group
``wapaganda.strategies`` that names a module::

    [project.entry-points."wapaganda.strategies"]
    longest_first = "my_package.longest_first"
"""

from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

GROUP = "wapaganda.strategies"


def load_strategies() -> None:
    """Import every module that registers a strategy: those of this folder, then those of other packages."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    for entry_point in entry_points(group=GROUP):
        entry_point.load()
