"""The steps that the bricks report, in words."""

from typing import Final

STEP_NAMES: Final = {
    "wait": "Waiting for the training to start",
    "load": "Loading the libraries",
    "read": "Reading files",
    "encoder": "Getting the encoder",
    "fetch": "Fetching labels",
    "adapt": "Adapting the encoder",
    "search": "Searching the learning rate",
    "train": "Training",
    "calibrate": "Cross-fitting",
    "teach": "Teaching the student",
    "judge": "Evaluating the model",
    "evaluate": "Evaluating",
    "sources": "Asking the sources",
    "score": "Scoring the pool",
    "select": "Choosing the batch",
    "compare": "Comparing with the previous model",
    "release": "Releasing the batch",
    "predict": "Predicting",
    "import": "Importing texts",
    "mlflow": "Writing to MLflow",
    "write": "Writing files",
    "upload": "Uploading to the hub",
    "check": "Checking",
}
"""For people; a step that is not here says itself what it is."""
