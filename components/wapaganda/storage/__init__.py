"""Atomic writes and SQLite files. All bricks write to the disk with this brick."""

from wapaganda.storage.atomic import (
    atomic_folder,
    atomic_path,
    naming_full_disk,
    put_aside,
    sync,
    sync_folder,
    write_json,
    write_text,
)
from wapaganda.storage.database import Database, DatabaseError, is_damage, open_whole
from wapaganda.storage.in_use import in_use, remove_unused
from wapaganda.storage.private import PRIVATE_UMASK, close_to_others, private_folder

__all__ = [
    "PRIVATE_UMASK",
    "Database",
    "DatabaseError",
    "atomic_folder",
    "atomic_path",
    "close_to_others",
    "in_use",
    "is_damage",
    "naming_full_disk",
    "open_whole",
    "private_folder",
    "put_aside",
    "remove_unused",
    "sync",
    "sync_folder",
    "write_json",
    "write_text",
]
