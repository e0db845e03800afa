"""selfish sources: how far the sources can be believed, by the answers of people."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.errors import InputError
from wapaganda.selfish_cli.inputs import read_texts
from wapaganda.selfish_cli.project import CliProject, open_context
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table, plain_table

if TYPE_CHECKING:
    from wapaganda.annotation import ReadReport
    from wapaganda.ner import Document, LabelSchema
    from wapaganda.source import Judged, SourceReliability, Verdict, VoteCounts


def sources(
    data: Annotated[
        Path | None,
        typer.Option("--data", help="The labelled texts as they are now. Default: those of the last update."),
    ] = None,
    project: options.Project = None,
    sources: Annotated[
        Path | None, typer.Option("--sources", help="The file that names the sources, instead of SOURCES.")
    ] = None,
    name: options.Name = "default",
    columns: options.Columns = None,
    scheme: choices.Scheme = None,
    text_field: options.TextField = None,
    label_tag: options.LabelTag = None,
    lenient: options.Lenient = None,
    as_json: options.AsJson = False,
) -> None:
    """Show how far the sources can be believed, for each type, and which are switched on.

    The sources read the labelled texts and are compared with people. If the live model has out-of-fold
    predictions of these texts, a source must help beside them. Precision and recall begin with what is
    believed of any source, and have 95% intervals.
    """
    overrides = {
        "sources": sources,
        "read_columns": columns,
        "read_scheme": scheme,
        "text_field": text_field,
        "label_tag": label_tag,
        "lenient": lenient,
    }
    with session(as_json, "Nothing was written.") as console:
        context = open_context(project, name, overrides)
        files = context.sources()
        if files is None:
            raise InputError(
                "Expected a file that names sources, was: none.", "Name it by SOURCES or --sources."
            )
        with console.progress() as progress:
            labelled, read = _labelled(context, data)
            for note in read.lines():
                console.warn(note)
            schema = files.schema(labelled)
            from wapaganda.source import judge_sources

            version, answers = _out_of_fold(context, labelled)
            found = judge_sources(files.open(schema.labels), labelled, schema, answers, progress)
        _show(console, context, found, schema, version)
        console.emit(_result(context, found, schema, version) | {"read": read.to_dict()})


def _labelled(context: CliProject, data: Path | None) -> tuple[list["Document"], "ReadReport"]:
    from wapaganda.annotation import ReadReport

    if data is not None:
        texts = read_texts(data, context.reading)
        return texts.labelled, texts.report
    if not context.ledger_path.exists():
        return [], ReadReport()
    return list(context.ledger().documents(labelled=True)), ReadReport()


def _out_of_fold(context: CliProject, labelled: Sequence["Document"]) -> tuple[str, list[Any]]:
    """The live version and what the models of its folds have predicted; empty without them."""
    from wapaganda.pipeline import out_of_fold_spans

    live = context.store().read_live()
    found = out_of_fold_spans(live.path, labelled) if live is not None else []
    known = any(each is not None for each in found)
    return (live.name, found) if live is not None and known else ("", [])


def _show(
    console: Console, context: CliProject, found: "Judged", schema: "LabelSchema", version: str
) -> None:
    rows = [
        [name, label, f"{counts.voted:,}", f"{counts.gold:,}", *_shares(counts), *_state(verdict, label)]
        for name, verdict in found.verdicts.items()
        for label, counts in _types(verdict.reliability, schema)
    ]
    if rows:
        head = ["Source", "Type", "Spans", "By people", "Precision", "Recall", "Weight", "State"]
        title = f"Sources of {context.key}, by {found.n_texts:,} labelled texts"
        console.show(plain_table(title, head, rows, numbers=(2, 3, 6)))
    rival = f"beside the out-of-fold predictions of {version}" if found.with_model else "without a model"
    facts = [(name, each.why) for name, each in found.verdicts.items()]
    console.show(facts_table("", [("Judged", rival), *facts]))
    for message in (*found.messages, *found.notes):
        console.warn(message)


def _types(reliability: "SourceReliability", schema: "LabelSchema") -> list[tuple[str, "VoteCounts"]]:
    counted = zip(schema.labels, reliability.spans, strict=True)
    return [(label, each) for label, each in counted if each.voted or each.gold]


def _shares(counts: "VoteCounts") -> tuple[str, str]:
    return (
        _share(counts.precision, counts.precision_interval),
        _share(counts.recall, counts.recall_interval),
    )


def _share(value: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{value:.2f} ({low:.2f}–{high:.2f})"


def _state(verdict: "Verdict", label: str) -> tuple[str, str]:
    weight = f"{verdict.reliability.weight:g}"
    if label in verdict.types_off:
        return weight, verdict.types_off[label]
    return weight, "on" if verdict.reliability.is_on else "off"


def _result(context: CliProject, found: "Judged", schema: "LabelSchema", version: str) -> dict[str, Any]:
    return {
        "project": context.key,
        "n_labelled": found.n_texts,
        "version": version or None,
        "messages": [*found.messages, *found.notes],
        "sources": [
            {
                "name": name,
                "on": each.reliability.is_on,
                "weight": each.reliability.weight,
                "why": each.why,
                "types": [
                    {
                        "type": label,
                        "spans": counts.voted,
                        "spans_of_people": counts.gold,
                        "right": counts.right,
                        "precision": round(counts.precision, 4),
                        "precision_interval": [round(at, 4) for at in counts.precision_interval],
                        "recall": round(counts.recall, 4),
                        "recall_interval": [round(at, 4) for at in counts.recall_interval],
                        "on": each.reliability.is_on and label not in each.types_off,
                        "why": each.types_off.get(label, each.why),
                    }
                    for label, counts in _types(each.reliability, schema)
                ],
            }
            for name, each in found.verdicts.items()
        ],
    }
