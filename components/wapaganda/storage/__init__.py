"""Files that are whole or not there, and SQLite files: the one way in which bricks write to the disk."""

from wapaganda.storage.atomic import atomic_folder, atomic_path, sync, sync_folder, write_json, write_text
from wapaganda.storage.database import Database, DatabaseError

__all__ = [
    "Database",
    "DatabaseError",
    "atomic_folder",
    "atomic_path",
    "sync",
    "sync_folder",
    "write_json",
    "write_text",
]
