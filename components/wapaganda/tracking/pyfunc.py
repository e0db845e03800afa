"""What makes a model folder a model of MLflow: a signature, an example, and the code that reads it."""

import warnings
from pathlib import Path

from wapaganda.tagger import LABELS_FILE, MODULES, TAGGER_FILE

_EXAMPLE = "Ada Lovelace lived in London."
_NEEDS = ("numpy>=1.26", "regex>=2024.11.6", "torch>=2.6,<3", "transformers>=5.0,<6")
PYFUNC_FILES = frozenset(
    (
        "MLmodel",
        "code",
        "conda.yaml",
        "input_example.json",
        "python_env.yaml",
        "requirements.txt",
        "serving_input_example.json",
    )
)
"""What `write_pyfunc` writes."""


def is_model(folder: Path) -> bool:
    """Whether the folder holds a model of this program."""
    return (folder / LABELS_FILE).is_file()


def write_pyfunc(folder: Path) -> None:
    """Write ``MLmodel`` and what belongs to it into the new ``folder``; a few kilobytes.

    Next to the files of a version they make a model that ``mlflow.pyfunc.load_model`` loads without this
    program: a table with the column ``text`` in, the spans of each text as a JSON list out.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow warns of its own types, and of builds of torch such as +cpu
        import mlflow.pyfunc
        import pandas as pd
        from mlflow.models import ModelSignature
        from mlflow.types import ColSpec, Schema

        mlflow.pyfunc.save_model(
            str(folder),
            loader_module=Path(TAGGER_FILE).stem,
            code_paths=[str(path) for path in MODULES if path.name == TAGGER_FILE],
            signature=ModelSignature(
                inputs=Schema([ColSpec("string", "text")]), outputs=Schema([ColSpec("string", "spans")])
            ),
            input_example=pd.DataFrame({"text": [_EXAMPLE]}),
            pip_requirements=list(_NEEDS),
        )
