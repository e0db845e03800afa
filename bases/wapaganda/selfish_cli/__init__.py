"""The selfish command: active learning for named-entity recognition, on files or a Label Studio project."""

from wapaganda.selfish_cli.app import app, main

__all__ = ["app", "main"]
