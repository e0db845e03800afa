"""The selfish command: active learning for named-entity recognition, on files or a Label Studio project."""

from wapaganda.selfish_cli.app import app, main
from wapaganda.selfish_cli.catalogue import COMMANDS

__all__ = ["COMMANDS", "app", "main"]
