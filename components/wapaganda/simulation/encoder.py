"""The encoder of a simulation, cut to its lower layers when the plan says so."""

from pathlib import Path


def cut_encoder(name: str, layers: int, folder: Path) -> str:
    """Write the ``layers`` lower layers of the encoder ``name`` into ``folder``; the folder's name.

    Raises:
        EncoderUnavailable: the encoder cannot be had.
        ValueError: it has fewer layers.
    """
    from transformers import AutoModel, AutoTokenizer

    from wapaganda.ner import LabelSchema
    from wapaganda.tagger import quiet_transformers
    from wapaganda.trainer import load_encoder

    loaded = load_encoder(name, LabelSchema(("any",)), casing=False)
    has = int(loaded.model.config.num_hidden_layers)
    if not 1 <= layers <= has:
        raise ValueError(f"Expected 1 to {has} layers of the encoder {name}, was: {layers}")
    with quiet_transformers():
        source = str(Path(name).expanduser()) if Path(name).expanduser().is_dir() else name
        model = AutoModel.from_pretrained(source, num_hidden_layers=layers, local_files_only=True)
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(source, local_files_only=True).save_pretrained(folder)
    return str(folder)
