"""Files that are either whole or not there: the one way in which bricks write to the disk."""

from wapaganda.storage.atomic import atomic_path, sync, write_json, write_text

__all__ = ["atomic_path", "sync", "write_json", "write_text"]
