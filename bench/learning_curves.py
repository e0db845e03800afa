"""Draw docs/learning-curves.svg from the stored experiments: default and random by annotator hours.

    python bench/learning_curves.py

A line is the mean of the seeds (same number of texts in each round), the band their lowest and highest F1.
"""

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("svg")
from matplotlib import pyplot as plt

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results" / "simulate"
CORPORA = ("wikigold", "ncbi-disease", "btc", "snips")
ARMS = {
    "random": ("random", "#8a8f98", "--"),
    "hybrid:boundary:growth=1.1": ("default", "#1f6fb2", "-"),
}


def main() -> None:
    mpl.rcParams.update({"svg.hashsalt": "wapaganda", "svg.fonttype": "none", "font.size": 10})
    figure, axes = plt.subplots(1, len(CORPORA), figsize=(11, 2.9), layout="constrained")
    for corpus, axis in zip(CORPORA, axes, strict=True):
        _draw(axis, corpus)
    axes[0].set_ylabel("strict span F1 (%)")
    axes[0].legend(frameon=False, loc="lower right")
    figure.supxlabel("annotator hours, from scratch (estimated)", fontsize=10)
    figure.savefig(ROOT / "docs" / "learning-curves.svg", metadata={"Date": None})


def _draw(axis: Any, corpus: str) -> None:  # noqa: ANN401 (matplotlib has no types here)
    stored = json.loads((RESULTS / f"{corpus}.json").read_text(encoding="utf-8"))
    runs = [run for name, run in stored.items() if name.startswith("runs/")]
    most = min(_hours(run)[-1] for run in runs if run["arm"]["name"] == "hybrid:boundary:growth=1.1")
    for name, (label, colour, style) in ARMS.items():
        of_arm = [run for run in runs if run["arm"]["name"] == name]
        n_rounds = min(len(run["rounds"]) for run in of_arm)
        hours = np.array([_hours(run)[:n_rounds] for run in of_arm])
        f1 = 100 * np.array([[each["f1"] for each in run["rounds"][:n_rounds]] for run in of_arm])
        axis.plot(hours.mean(axis=0), f1.mean(axis=0), style, color=colour, label=label, marker=".", ms=4)
        axis.fill_between(hours.mean(axis=0), f1.min(axis=0), f1.max(axis=0), color=colour, alpha=0.15, lw=0)
    full = [run["rounds"][0]["f1"] for run in runs if run["arm"]["name"] == "full"]
    axis.axhline(100 * float(np.mean(full)), color="#555555", lw=0.8, ls=":")
    axis.set_title(corpus, fontsize=10)
    axis.set_xlim(0, most)
    axis.spines[["top", "right"]].set_visible(False)


def _hours(run: dict[str, Any]) -> list[float]:
    return [each["seconds"] / 3600 for each in run["rounds"]]


if __name__ == "__main__":
    main()
