"""The HTTP endpoints: every module of this package is one, with its route and its schema."""

from importlib import import_module
from pkgutil import iter_modules

from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """The ``router`` of every module in this package, in the order of the modules' names.

    A new endpoint is a new module: nothing registers it.
    """
    return [import_module(f"{__name__}.{module.name}").router for module in iter_modules(__path__)]
