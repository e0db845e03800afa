"""Model versions on disk: immutable folders with a manifest, and a pointer to the live one."""

from wapaganda.model_store.fingerprint import data_fingerprint, library_versions
from wapaganda.model_store.manifest import Manifest, ModelStoreError
from wapaganda.model_store.store import ModelStore, Version

__all__ = ["Manifest", "ModelStore", "ModelStoreError", "Version", "data_fingerprint", "library_versions"]
