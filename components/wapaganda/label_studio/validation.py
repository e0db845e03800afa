"""What Label Studio would swallow or drop without a word is refused here, before anything is sent."""

from collections.abc import Iterable, Sequence

from wapaganda.annotation import LabelConfig
from wapaganda.label_studio.errors import LabelStudioError
from wapaganda.ner import Span

SHOWN = 5


def refuse_unusable(items: Iterable[tuple[str, str, Sequence[Span]]], config: LabelConfig) -> None:
    """Looks at (name, text, spans) of everything that is about to be sent.

    Raises:
        LabelStudioError: a span lies outside its text or its label is not in the project's configuration.
    """
    problems = [
        f"{name}: {problem}" for name, text, spans in items for problem in _problems(text, spans, config)
    ]
    if problems:
        more = f" … and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise LabelStudioError(f"Nothing was sent: {'; '.join(problems[:SHOWN])}{more}.")


def _problems(text: str, spans: Sequence[Span], config: LabelConfig) -> Iterable[str]:
    for span in spans:
        if not 0 <= span.start < span.end <= len(text):
            yield f"expected a span within 0–{len(text)}, was: {span.start}–{span.end}"
        if config.canonical(span.label) is None:
            yield f"expected one of the labels {', '.join(config.labels)}, was: {span.label!r}"
        if span.score is not None and not 0 <= span.score <= 1:
            yield f"expected a span score in [0, 1], was: {span.score}"
