"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from wapaganda.selfish_cli.ui import completion

Test = Annotated[
    Path | None,
    typer.Option("--test", help="Labelled texts that the model is evaluated on, never trained on."),
]
Dev = Annotated[
    Path | None,
    typer.Option(
        "--dev",
        help="Labelled texts, never trained on, that choose the best checkpoint and stop the training early.",
    ),
]
Project = Annotated[
    int | None, typer.Option("--project", min=1, help="Id of a Label Studio project, instead of files.")
]
Url = Annotated[
    str | None, typer.Option("--url", help="Address of Label Studio, instead of LABEL_STUDIO_URL.")
]
ApiKey = Annotated[
    str | None, typer.Option("--api-key", help="Access token, instead of LABEL_STUDIO_API_KEY.")
]
Name = Annotated[
    str, typer.Option("--name", help="Name of a project of files; models and rounds are stored under it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
Encoder = Annotated[
    str | None, typer.Option("--encoder", help="Hub name or folder, instead of BASELINE_MODEL_NAME.")
]
LearningRate = Annotated[
    float | None, typer.Option("--learning-rate", help="Peak learning rate, instead of LEARNING_RATE.")
]
TrainSteps = Annotated[int | None, typer.Option("--steps", help="Optimiser steps, instead of TRAIN_STEPS.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Random seed, instead of SEED.")]
Size = Annotated[
    int | None, typer.Option("--size", min=1, help="Texts in the batch, instead of SAMPLES_PER_ITERATION.")
]
Threshold = Annotated[
    float | None, typer.Option("--threshold", help="0 to 1, instead of UNCERTAINTY_THRESHOLD.")
]
Columns = Annotated[
    str | None,
    typer.Option("--columns", help="Columns of CoNLL files, such as word=0,tag=3, else READ_COLUMNS."),
]
TextField = Annotated[
    str | None,
    typer.Option("--text-field", help="Column (CSV) or field (Label Studio) with the text; else TEXT_FIELD."),
]
LabelTag = Annotated[
    str | None,
    typer.Option("--label-tag", help="Label Studio: the one <Labels> that is read, else LABEL_TAG (all)."),
]
Lenient = Annotated[
    bool | None,
    typer.Option(
        "--lenient",
        help="Go on without the texts whose labels cannot be read, however many (docs/data.md).",
        show_default=False,
    ),
]
Version = Annotated[
    str | None,
    typer.Option(
        "--model", help="A model version. Default: the live one.", autocompletion=completion.version
    ),
]
