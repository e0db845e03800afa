"""The learning curve as a PNG file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The strict span F1, in [0, 1], after a round with ``n_labelled`` labelled texts."""

    round: int
    n_labelled: int
    f1: float


def learning_curve_png(rounds: Sequence[CurvePoint], path: Path) -> None:
    """Draw F1 over the number of labelled texts into the PNG file ``path``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 4.2), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot([each.n_labelled for each in rounds], [each.f1 for each in rounds], marker="o", color="#1f6f8b")
    for each in rounds:
        axes.annotate(
            f"round {each.round}: {each.f1:.3f}",
            (each.n_labelled, each.f1),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set(xlabel="labelled texts", ylabel="strict span F1 on unseen labels", ylim=(0, 1))
    axes.margins(x=0.12)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png")
