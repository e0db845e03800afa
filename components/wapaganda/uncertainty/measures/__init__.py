"""The measures that come with the brick, and the search for all others.

Every module in this folder is imported together with the brick, so a new measure is one file with one
``@measure`` function. Another package registers its measures by an entry point of the group
``wapaganda.measures`` that names a module::

    [project.entry-points."wapaganda.measures"]
    gini = "my_package.gini"
"""

from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

GROUP = "wapaganda.measures"


def load_measures() -> None:
    """Import every module that registers a measure: those of this folder, then those of other packages."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    for entry_point in entry_points(group=GROUP):
        entry_point.load()
