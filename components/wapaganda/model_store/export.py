"""A version as a folder for other programs."""

import hashlib
import shutil
from pathlib import Path

from wapaganda.errors import InputError
from wapaganda.model_store.model_card import ModelCardFacts, model_card
from wapaganda.model_store.store import Version
from wapaganda.storage import atomic_folder, write_text
from wapaganda.tagger import ModelFolder, make_plain, make_portable

_OURS = {"manifest.json", "trained_on.json", "out_of_fold.json", "review.json"}
"""Files that only this program reads; some are about the texts of the training."""
SUMS_FILE = "SHA256SUMS"


def export_version(
    version: Version, folder: Path, facts: ModelCardFacts, *, plain: bool = False, onnx: bool = False
) -> None:
    """Write the version as a new ``folder`` that transformers reads right, or refuses to read.

    It holds weights, tokenizer, labels, the code that reads them, a card ``README.md`` and ``SHA256SUMS``;
    with ``onnx`` also ``model.onnx``. ``plain``: plain transformers reads it, too, though not quite right;
    the temperature is then in the weights.

    Raises:
        InputError: ``folder`` holds something already, a package for ONNX is missing, or the model cannot be
            ``plain``.
        FolderError: the version is damaged, or torch cannot write its kind of model as ONNX.
    """
    from wapaganda.tagger import check_onnx, fold_temperature, write_onnx

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"Expected a new or empty folder, was: {folder}.", "Name another one by --to.")
    if onnx:
        check_onnx()
    with atomic_folder(folder) as draft:
        for path in version.path.iterdir():
            if path.is_file() and path.name not in _OURS:
                shutil.copyfile(path, draft / path.name)
        found = ModelFolder.read(draft)
        found.write(draft)
        make_portable(draft)
        if plain:
            make_plain(draft)
            fold_temperature(draft)
        if onnx:
            write_onnx(draft)
        write_text(
            draft / "README.md", model_card(version, found, folder.name, facts, plain=plain, onnx=onnx)
        )
        sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(draft.iterdir())}
        write_text(draft / SUMS_FILE, "".join(f"{digest}  {name}\n" for name, digest in sums.items()))
