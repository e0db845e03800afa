"""selfish simulate: simulate the loop on labelled texts and compare strategies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.errors import InputError
from wapaganda.selfish_cli.inputs import copies_among, read_labelled, read_with_entities
from wapaganda.selfish_cli.outputs import check_parent
from wapaganda.selfish_cli.project import CliProject, check_folders, mirror_runs, open_context
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table, percent, plain_table

if TYPE_CHECKING:
    from wapaganda.annotation import ReadReport
    from wapaganda.ner import Document
    from wapaganda.pipeline import LoopConfig
    from wapaganda.simulation import Arm, DataSetPlan, LabelledCorpus, Outcome, Plan
    from wapaganda.simulation_report import HoursRatio, Results
    from wapaganda.tracking import Run

KEPT = "Every finished round. The same command continues from there."


def simulate(
    train: Annotated[
        Path, typer.Option("--train", help=f"Labelled texts to choose from: {choices.FORMATS}.")
    ],
    test: Annotated[
        Path, typer.Option("--test", help="Labelled texts for the evaluation, never trained on.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the results; an existing one is continued.")],
    strategies: choices.Strategies = "random,uncertainty,diversity,hybrid",
    measure: choices.Measure = None,
    data_set: Annotated[
        bool,
        typer.Option(
            "--data-set",
            help="Simulate the finished data set instead: hours until all of --train has F1 0.90 and 0.95. "
            "Only --seed-size, --seeds, --layers, --budget and the options of the model count then.",
        ),
    ] = False,
    seed_size: Annotated[
        int | None,
        typer.Option(
            "--seed-size", min=1, help="Texts labelled at the start, at random: 100, with --data-set 200."
        ),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Texts in the first batch.")] = 50,
    growth: Annotated[
        float, typer.Option("--growth", help="Each batch is this many times as large as the last.")
    ] = 1.0,
    rounds: Annotated[int, typer.Option("--rounds", min=0, help="Batches after the seed set.")] = 8,
    seeds: Annotated[
        str, typer.Option("--seeds", help="How many (3 means 1,2,3), or which, separated by commas.")
    ] = "3",
    pool_size: Annotated[
        int, typer.Option("--pool-size", min=0, help="Texts of --train to choose from, sampled once; 0: all.")
    ] = 2000,
    encoder: options.Encoder = None,
    layers: Annotated[
        int | None, typer.Option("--layers", min=1, help="Keep only this many layers of the encoder: faster.")
    ] = None,
    learning_rate: options.LearningRate = None,
    steps: options.TrainSteps = None,
    threshold: options.Threshold = None,
    cost_exponent: Annotated[
        float | None,
        typer.Option("--cost-exponent", min=0, help="0: ignore the cost; 1: gain per estimated second."),
    ] = None,
    prices: Annotated[
        str | None,
        typer.Option(
            "--prices", help="scratch (every entity is marked) or correcting (proposals are shown)."
        ),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full/--no-full", help="Also train on the whole pool: savings are relative to it."),
    ] = True,
    calibrate_at: Annotated[
        int, typer.Option("--calibrate-at", min=0, help="Texts at which confidence is calibrated; 0: never.")
    ] = 200,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Processes at a time. Default: one per core.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option("--budget", min=1, help="Seconds after which no round is started.")
    ] = None,
    name: options.Name = "default",
    columns: options.Columns = None,
    scheme: choices.Scheme = None,
    text_field: options.TextField = None,
    label_tag: options.LabelTag = None,
    lenient: options.Lenient = None,
    as_json: options.AsJson = False,
) -> None:
    """Simulate the loop on texts whose labels are known, and compare strategies.

    All strategies start with the same seed set and use the same trainer. It writes curves.csv, summary.json
    and report.html. After an interruption the same command continues with the missing rounds.

    With --data-set people and the model label the whole file together. The hours of annotators are compared
    with those of a standard alternative: random order, no proposals, a plain training of the same encoder.
    """
    overrides = {
        "baseline_model_name": encoder,
        "learning_rate": learning_rate,
        "train_steps": steps,
        "uncertainty_threshold": threshold,
        "measure": measure,
        "read_columns": columns,
        "read_scheme": scheme,
        "text_field": text_field,
        "label_tag": label_tag,
        "lenient": lenient,
        "adapt": "off",
    }
    with session(as_json, KEPT) as console:
        context = open_context(None, name, overrides)
        check_folders(context.settings)
        check_parent(out / "plan.json")
        from wapaganda.pipeline import LoopConfig
        from wapaganda.simulation import Plan

        product = context.config()
        loop = LoopConfig(
            encoder=product.encoder,
            learning_rate=product.learning_rate,
            train_steps=product.train_steps,
            distillation=False,  # it would take several times as long
            threshold=product.threshold,
            cost_exponent=product.cost_exponent if cost_exponent is None else cost_exponent,
            prices=prices or product.prices,
            folds=product.folds,
            device=product.device,
        )
        numbers = _seeds(seeds)
        if data_set:
            whole = _data_set_plan(loop, numbers, seed_size, layers)
            corpus, read = _corpus(console, context, train, test)
            outcome = _run_data_set(console, corpus, whole, out, budget)
            params = {**whole.to_dict(), "strategies": "data set"}
        else:
            plan = Plan(
                strategies=_arms(strategies, product.measure),
                loop=loop,
                seed_size=seed_size or 100,
                batch=batch,
                growth=growth,
                rounds=rounds,
                seeds=numbers,
                pool_size=pool_size or None,
                layers=layers,
                full=full,
                calibrate_at=calibrate_at,
            )
            corpus, read = _corpus(console, context, train, test)
            outcome = _run(console, corpus, plan, out, jobs, budget)
            params = {**plan.to_dict(), "strategies": ", ".join(arm.name for arm in plan.strategies)}
        results = _write(console, out)
        mlflow = _track(console, context, {**params, "out": str(out)}, outcome, results)
        _show(console, outcome, results)
        console.emit(_result(out, outcome, results, mlflow) | {"read": read.to_dict()})


def _data_set_plan(
    loop: "LoopConfig", seeds: tuple[int, ...], seed_size: int | None, layers: int | None
) -> "DataSetPlan":
    from wapaganda.simulation import DataSetPlan

    return (
        DataSetPlan(loop, seeds, layers=layers)
        if seed_size is None
        else DataSetPlan(loop, seeds, seed_size, layers=layers)
    )


def _arms(text: str, measure: str) -> tuple["Arm", ...]:
    from wapaganda.simulation import Arm

    return tuple(Arm.parse(each.strip(), measure) for each in text.split(",") if each.strip())


def _seeds(text: str) -> tuple[int, ...]:
    """``3`` means three seeds, ``1,2,5`` those, ``7,`` the seed 7 alone."""
    try:
        numbers = tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise InputError(f"Expected how many seeds, or seeds such as 1,2,3, was: {text!r}.") from None
    return numbers if "," in text else tuple(range(1, numbers[0] + 1)) if numbers else ()


def _read(
    console: Console, context: CliProject, train: Path, test: Path
) -> tuple[list["Document"], list["Document"], "ReadReport"]:
    with console.progress() as progress:
        progress("read", 0, 0)
        train_texts = read_with_entities(train, context.reading)
        test_texts = read_labelled(test, context.reading)
    read = train_texts.report + test_texts.report
    for note in read.lines():
        console.warn(note)
    copies = copies_among(test_texts.documents, train_texts.documents)
    if copies:
        console.warn(f"{copies:,} of the test texts are also in --train: the scores are too high.")
    return list(train_texts.documents), list(test_texts.documents), read


def _corpus(
    console: Console, context: CliProject, train: Path, test: Path
) -> tuple["LabelledCorpus", "ReadReport"]:
    train_texts, test_texts, read = _read(console, context, train, test)
    console.say("Loading the libraries …")
    from wapaganda.simulation import LabelledCorpus

    return LabelledCorpus(train_texts, test_texts, train.resolve().parent.name), read


def _run(
    console: Console,
    corpus: "LabelledCorpus",
    plan: "Plan",
    out: Path,
    jobs: int | None,
    budget: float | None,
) -> "Outcome":
    from wapaganda.simulation import simulate as simulate_plan

    def show(step: str, done: int, total: int) -> None:
        console.say(f"[{done}/{total}] {step}")

    outcome = simulate_plan(corpus, plan, out, jobs=jobs, budget=budget, progress=show)
    if outcome.stopped:
        console.warn(outcome.stopped)
    return outcome


def _run_data_set(
    console: Console, corpus: "LabelledCorpus", plan: "DataSetPlan", out: Path, budget: float | None
) -> "Outcome":
    from wapaganda.simulation import simulate_data_set

    def show(step: str, done: int, total: int) -> None:
        console.say(f"[{done}] {step}" if not total else f"[{done}/{total}] {step}")

    outcome = simulate_data_set(corpus, plan, out, budget=budget, progress=show)
    if outcome.stopped:
        console.warn(outcome.stopped)
    return outcome


def _write(console: Console, out: Path) -> "Results":
    with console.progress() as progress:
        progress("write", 0, 0)
        from wapaganda.simulation_report import write_results

        return write_results(out)


def _track(
    console: Console, context: CliProject, params: dict[str, Any], outcome: "Outcome", results: "Results"
) -> str:
    """One run for the whole simulation: F1 by texts, the areas, the hours, and the three files."""
    run = context.runs().start("simulate", params)
    _log(run, results)
    run.end("FINISHED" if outcome.complete else "KILLED")
    with console.progress() as progress:
        return mirror_runs(context, console, progress)


def _log(run: "Run", results: "Results") -> None:
    for arm in results.summary.strategies:
        name = arm.strategy.translate(str.maketrans(":=+", "/-_"))
        for each in arm.rounds:
            run.metrics(round(each.texts), {f"f1/{name}": each.f1_mean, f"seconds/{name}": each.seconds})
        area = arm.areas.get("seconds")
        if area is not None:
            run.metrics(0, {f"alc_seconds/{name}": area.value.mean})
    if results.summary.full_f1 is not None:
        run.metrics(0, {"full_f1": results.summary.full_f1})
    for name, ratio in _headlines(results).items():
        if ratio is not None and ratio.mean is not None:
            run.metrics(0, {name: ratio.mean})
    for path in results.paths:
        run.artifact(path)


def _headlines(results: "Results") -> dict[str, "HoursRatio | None"]:
    """The ratios of hours of a simulated data set; none without one."""
    found = results.summary.data_set
    return (
        {}
        if found is None
        else {f"h1/{level}": each for level, each in found.h1.items()} | {"h2": found.h2, "h3": found.h3}
    )


def _show(console: Console, outcome: "Outcome", results: "Results") -> None:
    rows = []
    for arm in results.summary.strategies:
        last = arm.rounds[-1] if arm.rounds else None
        area = arm.areas.get("seconds")
        rows.append(
            [
                arm.strategy,
                f"{len(arm.seeds)}",
                f"{last.texts:,.0f}" if last else "–",
                percent(last.f1_mean if last else None),
                percent(area.value.mean if area else None),
                f"{arm.worst.delta_f1:+.1f}" if arm.worst and not arm.is_random else "–",
            ]
        )
    head = ["Strategy", "Seeds", "Texts", "F1", "Mean F1 by seconds", "Worst against random"]
    if rows:
        console.show(plain_table("Strict span F1 on the test texts", head, rows, numbers=(1, 2, 3, 4, 5)))
    _show_data_set(console, results)
    facts = [
        ("Whole pool", percent(results.summary.full_f1)),
        ("Rounds", f"{outcome.done:,} of {outcome.total:,}"),
        ("Report", str(results.report_html)),
    ]
    console.show(facts_table("", facts))


def _show_data_set(console: Console, results: "Results") -> None:
    found = results.summary.data_set
    if found is None:
        return
    rows = [
        [name, *("–" if hours is None else f"{hours:.1f}" for hours in by_level.values())]
        for name, by_level in found.hours.items()
    ]
    title = f"Hours until all {found.n_texts:,} texts have this F1 together"
    console.show(plain_table(title, ["Way", *found.h1], rows, numbers=range(1, 1 + len(found.h1))))
    ratios = [(_shown(name), _ratio(each)) for name, each in _headlines(results).items()]
    console.show(facts_table("Our hours / those of the standard alternative", ratios))


def _shown(name: str) -> str:
    """``h1/0.90`` as the report writes it: H1(0.90)."""
    first, _, level = name.partition("/")
    return f"{first.upper()}({level})" if level else first.upper()


def _ratio(ratio: "HoursRatio | None") -> str:
    if ratio is None:
        return "–"
    return f"{ratio.mean:.2f}" if ratio.mean is not None else f"below {ratio.at_most:.2f}"


def _result(out: Path, outcome: "Outcome", results: "Results", mlflow: str) -> dict[str, Any]:
    return {
        "out": str(out),
        "complete": outcome.complete,
        "stopped": outcome.stopped,
        "rounds_done": outcome.done,
        "rounds": outcome.total,
        "seconds": round(outcome.seconds, 1),
        "report": str(results.report_html),
        "mlflow": mlflow,
        "summary": results.summary.to_dict(),
    }
