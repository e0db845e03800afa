"""The whole loop on a real Label Studio, by one command: `make demo`, or `make demo DATA=file TEST=file`.

It starts Label Studio and the ML backend on free local ports and creates a project with 200 labelled and
1,200 unlabelled texts. It presses Start Training. Then a simulated annotator corrects a released batch by
Label Studio's API, and a training follows. `selfish complete` audits the model's labels of the other texts,
and `selfish export` writes the finished data set. All files are kept in the folder demo-run.
"""

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demo_backend import Backend, BackendError, running_backend, selfish
from demo_finish import finish
from demo_material import DemoMaterial, MaterialError, encoder_folder, fresh_folder, material
from demo_show import DemoRow, say, show_finished, show_table, waiting
from label_studio_server import LabelStudioServer, LabelStudioStartError, running_label_studio
from wapaganda.label_studio import LabelStudio, LabelStudioError
from wapaganda.ner import Document, Span

TITLE = "wapaganda demo"


@dataclass(frozen=True)
class DemoPlan:
    """How big the demo is."""

    labelled: int = 200
    batch: int = 200
    rounds: int = 1
    target: float = 0.9
    seed: int = 13
    pool: int | None = None
    test: int | None = None
    environment: dict[str, str] = field(default_factory=dict)


QUICK = DemoPlan(
    labelled=40,
    batch=6,
    rounds=1,
    target=0.01,
    pool=60,
    test=40,
    environment={"TRAIN_STEPS": "20"},
)
"""Just long enough to see every part at work; its scores mean nothing."""


def main() -> int:
    """The command."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    plan = QUICK if arguments.quick else DemoPlan()
    plan = DemoPlan(**{**vars(plan), "batch": arguments.batch or plan.batch, "seed": arguments.seed})
    try:
        _demo(plan, arguments.data, arguments.test, arguments.folder.absolute(), _stays(arguments))
    except KeyboardInterrupt:
        say("\nStopped; Label Studio and the backend are down. What was made is kept in the folder.")
        return 130
    except (MaterialError, LabelStudioStartError, LabelStudioError, BackendError) as error:
        print(f"The demo ended early: {error}", file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="labelled texts of your own (CoNLL, JSONL, …)")
    parser.add_argument("--test", type=Path, help="labelled texts for the scores; else a part of --data")
    parser.add_argument("--folder", type=Path, default=Path("demo-run"), help="emptied at each start")
    parser.add_argument("--batch", type=int, help="texts in a batch (200)")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--quick", action="store_true", help="a tiny run that only shows that all parts work")
    parser.add_argument("--stay", action="store_true", help="stay up without a terminal, too")
    return parser.parse_args()


def _stays(arguments: argparse.Namespace) -> bool:
    return arguments.stay or (sys.stdin.isatty() and sys.stdout.isatty())


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _demo(plan: DemoPlan, data: Path | None, test: Path | None, folder: Path, stays: bool) -> None:
    began = time.monotonic()
    fresh_folder(folder)
    made = material(folder, data, test, plan.labelled, plan.seed, plan.pool, plan.test)
    say(
        f"{made.described}: {len(made.train):,} texts labelled, {len(made.pool):,} to choose from, "
        f"{len(made.test):,} to test on."
    )
    encoder = encoder_folder()
    with contextlib.ExitStack() as servers:
        with waiting("Starting Label Studio"):
            server = servers.enter_context(running_label_studio(folder / "label-studio"))
        environment = _environment(plan, folder, server, encoder)
        with waiting("Starting the ML backend"):
            backend = servers.enter_context(running_backend(folder, environment))
        project = _connect(made, folder, backend, environment)
        studio = servers.enter_context(contextlib.closing(LabelStudio(server.url, server.token)))
        rows = list(_rounds(plan, made, studio, project, backend, folder))
        show_table(rows)
        done = finish(
            made,
            folder,
            project,
            environment,
            lambda n: _annotate(studio, project, _answers(made), n),
            lambda: backend.train(studio.url, project),
            plan.batch,
        )
        show_finished(done, time.monotonic() - began)
        _show_addresses(server, backend, project, folder)
        if stays:
            say("Everything stays up. Press Ctrl-C to stop.")
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    time.sleep(3600)
    say("Label Studio and the backend are down; the folder stays.")


def _environment(plan: DemoPlan, folder: Path, server: LabelStudioServer, encoder: str) -> dict[str, str]:
    """The settings of the backend and of the selfish command; what the user has set replaces ours."""
    # Two folds in place of four, and no search for the learning rate, make a shorter demo.
    short = {"FOLDS": "2", "RECIPE_SEARCH": "false", "ADAPT": "off"}
    aims = {"PURPOSE": "dataset", "TARGET_F1": str(plan.target)}
    own = {"BASELINE_MODEL_NAME": encoder, "TRAIN_AFTER_LABELS": "0", **short, **aims, **plan.environment}
    chosen = {name: os.environ.get(name) or value for name, value in own.items()}
    fixed = {
        "LABEL_STUDIO_URL": server.url,
        "LABEL_STUDIO_API_KEY": server.token,
        "MODEL_DIR": str(folder / "models"),
        "DATA_DIR": str(folder / "data"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlruns.db'}",
        "SAMPLES_PER_ITERATION": str(plan.batch),
        "SEED": str(plan.seed),
        "BASIC_AUTH_USER": "demo",
        "BASIC_AUTH_PASS": "demo-backend",
    }
    return {**os.environ, **chosen, **fixed}


def _show_addresses(server: LabelStudioServer, backend: Backend, project: int, folder: Path) -> None:
    """Where the artefacts are, and the addresses and log-ins to look for oneself."""
    mlflow = Path(sys.executable).parent / "mlflow"
    say("\nLook for yourself")
    for name, value in (
        ("Label Studio", f"{server.url}/projects/{project}/data"),
        ("  log-in", f"{server.username}  {server.password}"),
        ("Live page", f"{backend.url}/"),
        ("  log-in", f"{backend.auth[0]}  {backend.auth[1]}"),
        ("MLflow", f"{mlflow} ui --backend-store-uri sqlite:///{folder / 'mlruns.db'}"),
        ("Models", str(folder / "models" / f"ls-{project}")),
        ("Ledger, runs", str(folder / "data" / f"ls-{project}")),
        ("Texts", str(folder / "corpus")),
        ("Data set", str(folder / "data-set")),
        ("Logs", f"{backend.log_path}, {server.log_path}"),
    ):
        say(f"  {name:<14}{value}")


def _connect(made: DemoMaterial, folder: Path, backend: Backend, environment: dict[str, str]) -> int:
    with waiting(
        f"Making the project, importing {len(made.train) + len(made.pool):,} texts, connecting the backend"
    ):
        found = selfish(
            [
                *("connect", "--title", TITLE, "--labels", ",".join(made.labels), "--backend", backend.url),
                *("--import", str(made.train_file), "--import", str(made.pool_file), "--json"),
            ],
            folder,
            environment,
        )
    return int(found["project"])


def _rounds(
    plan: DemoPlan, made: DemoMaterial, studio: LabelStudio, project: int, backend: Backend, folder: Path
) -> Iterator[DemoRow]:
    answers = _answers(made)
    for number in range(1, plan.rounds + 2):
        if number > 1:
            served = _annotate(studio, project, answers, plan.batch)
            offered = backend.offered(project, number - 1)[: len(served)]
            order = "in exactly the released order" if served == offered else "NOT in the released order"
            say(f"The annotator has labelled the {len(served)} texts that Label Studio served, {order}.")
        report = backend.train(studio.url, project)
        row = _judged(number, report, made.test, folder, project)
        say(
            f"Round {number}: {row.n_labelled:,} labelled texts, F1 on the test texts {100 * row.f1:.1f} "
            f"({row.live})."
        )
        yield row


def _answers(made: DemoMaterial) -> dict[str, tuple[Span, ...]]:
    return {document.text: document.spans or () for document in made.pool}


def _annotate(
    studio: LabelStudio, project: int, answers: dict[str, tuple[Span, ...]], batch: int
) -> list[str]:
    """Ask for the next text and label it with the correct spans."""
    served: list[str] = []
    with waiting(f"Annotating {batch} texts") as update:
        while len(served) < batch:
            document = studio.next_document(project)
            if document is None:
                break
            studio.annotate(project, int(document.id), document.text, _answer(answers, document), seconds=8.0)
            served.append(document.id)
            update(len(served), batch)
    return served


def _answer(answers: dict[str, tuple[Span, ...]], document: Document) -> Sequence[Span]:
    try:
        return answers[document.text]
    except KeyError:
        raise MaterialError(
            f"Label Studio served a text that is not in the pool: {document.text!r}"
        ) from None


def _judged(
    number: int, report: dict[str, object], test: Sequence[Document], folder: Path, project: int
) -> DemoRow:
    from wapaganda.model_store import ModelStore
    from wapaganda.pipeline import evaluate_version

    live = str(report["live"])
    with waiting(f"Evaluating {live} on the test texts"):
        scores = evaluate_version(ModelStore(folder / "models" / f"ls-{project}"), live, test, "cpu")
    assert scores is not None
    return DemoRow(
        number,
        int(str(report["n_labelled"])),
        live,
        scores.micro.f1,
        {label: each.f1 for label, each in scores.per_type.items()},
        None if report.get("f1") is None else float(str(report["f1"])),
        bool(report.get("promoted")),
    )


if __name__ == "__main__":
    sys.exit(main())
