"""Model versions on disk: immutable folders with a manifest, a pointer to the live one, and their export."""

from wapaganda.model_store.export import export_version
from wapaganda.model_store.fingerprint import data_fingerprint, library_versions
from wapaganda.model_store.manifest import Manifest, ModelStoreError
from wapaganda.model_store.model_card import ModelCardFacts
from wapaganda.model_store.store import ModelStore, Version

__all__ = [
    "Manifest",
    "ModelCardFacts",
    "ModelStore",
    "ModelStoreError",
    "Version",
    "data_fingerprint",
    "export_version",
    "library_versions",
]
