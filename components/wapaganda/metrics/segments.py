"""Two sets of spans over one text as two tag sequences of the same length."""

from collections.abc import Mapping, Sequence

from wapaganda.ner import Span


def atomic_segments(gold: Sequence[Span], predicted: Sequence[Span]) -> Mapping[int, int]:
    """The text cut at every border of a span: from each cut (a code point) to its number."""
    cuts = {cut for span in (*gold, *predicted) for cut in (span.start, span.end)}
    return {cut: number for number, cut in enumerate(sorted(cuts))}


def segment_tags(
    spans: Sequence[Span], segments: Mapping[int, int], type_names: Mapping[str, str]
) -> list[str]:
    """The IOB2 tags of ``spans`` over atomic segments; shape ``(len(segments),)``, the last one always ``O``.

    Every border of every span is a cut: two spans have the same tags exactly when start, end, label agree.

    Raises:
        ValueError: spans are empty or overlap each other.
    """
    tags = ["O"] * len(segments)
    end_before = -1
    for span in sorted(spans):
        if span.end <= span.start or span.start < end_before:
            raise ValueError(f"Expected non-empty spans that do not overlap, was: {span} in {tuple(spans)}")
        end_before = span.end
        first, last = segments[span.start], segments[span.end]
        name = type_names[span.label]
        tags[first:last] = [f"B-{name}", *[f"I-{name}"] * (last - first - 1)]
    return tags
