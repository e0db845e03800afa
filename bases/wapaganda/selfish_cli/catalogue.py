"""The commands by name. Only the one that runs is imported; the help of ``selfish`` needs no more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module


@dataclass(frozen=True, slots=True)
class Entry:
    """A command, or a group of commands.

    ``module`` below ``commands``. ``summary``: the first paragraph of the command's docstring. ``group``: the
    functions of a group by the names of its commands.
    """

    module: str
    summary: str
    group: Mapping[str, str] = field(default_factory=dict)

    def functions(self, name: str) -> dict[str, Callable[..., None]]:
        """The functions by their command; ``name``: of this entry."""
        module = import_module(f"wapaganda.selfish_cli.commands.{self.module}")
        return {own: getattr(module, function) for own, function in (self.group or {name: name}).items()}


COMMANDS: Mapping[str, Entry] = {
    "train": Entry("train", "Train a model on labelled texts and evaluate it."),
    "score": Entry(
        "score", "Score a pool that is too large for memory, on this machine or on a Ray cluster."
    ),
    "select": Entry(
        "select", "Select the texts that are worth labelling next, with the spans that the model proposes."
    ),
    "update": Entry(
        "update",
        "Run one round of the loop: fetch labels, train, evaluate, score the pool, select and release a "
        "batch.",
    ),
    "answers": Entry(
        "answers.offline", "Add the answers of a batch that was worked on in a file to the labelled texts."
    ),
    "complete": Entry(
        "finished.complete",
        "Accept the model's labels for the texts that nobody has labelled, once an audit has proved the F1.",
    ),
    "predict": Entry("predict", "Find the entities in a text or in the texts of a file."),
    "status": Entry(
        "status", "Show what the ML backend is doing, the rounds, the models and what is left to label."
    ),
    "review": Entry(
        "review", "List the labels that are probably wrong, with what the model would mark instead."
    ),
    "terms": Entry(
        "terms.group",
        "Decide what a term is once, for all its places in the texts without labels.",
        {"list": "list_terms", "show": "show", "accept": "accept", "reject": "reject", "undo": "undo"},
    ),
    "sources": Entry(
        "answers.sources",
        "Show how far the sources can be believed, for each type, and which are switched on.",
    ),
    "agree": Entry(
        "answers.agree",
        "Measure how far annotators agree, and list the texts in which they do not, the dearest first.",
    ),
    "simulate": Entry(
        "simulate", "Simulate the loop on texts whose labels are known, and compare strategies."
    ),
    "adapt": Entry(
        "adapt",
        "Adapt the encoder to your texts by masked language modelling, once, before you train on labels.",
    ),
    "export": Entry(
        "finished.export",
        "Write the labelled texts as a data set with a data card, split into train, dev and test.",
    ),
    "convert": Entry(
        "finished.convert", "Write texts in another format, and say what the format cannot keep."
    ),
    "diff": Entry(
        "finished.diff",
        "Show what has changed between two exports: texts and spans, by who gave the labels, and splits.",
    ),
    "doctor": Entry(
        "doctor",
        "Check settings, folders, encoder, MLflow and Label Studio, and give a hint for each finding.",
    ),
    "connect": Entry(
        "connect",
        "Set up a Label Studio project: labels, texts, ML backend, webhook with credentials, sampling.",
    ),
    "models": Entry(
        "models",
        "List the model versions, make one live, go back to the previous one, or take one home.",
        {"list": "list_models", "promote": "promote", "rollback": "rollback", "export": "export"},
    ),
    "labels": Entry(
        "labels",
        "Read labels that were renamed in Label Studio, or rename, merge and split them with their "
        "annotations.",
        {"map": "map_labels", "rename": "rename", "merge": "merge", "split": "split", "undo": "undo"},
    ),
    "jobs": Entry(
        "jobs",
        "List and cancel the trainings of the ML backend.",
        {"list": "list_jobs", "cancel": "cancel"},
    ),
}
