"""The tables of what is registered by name: measures, strategies and formats."""

from collections.abc import Sequence

FORMATS = """Every command reads all formats. The content decides which it is, then the suffix. `--formats` of
`selfish export` takes the names. `--out` of `select` and `predict` takes the first suffix. All formats keep
texts and spans. A text whose labels a format cannot hold is left out whole and reported. These are no labels
and are counted in a message: relations of doccano; rejected and ignored tasks of Prodigy; relations, events,
attributes and discontinuous spans of BRAT; span groups of spaCy."""


def registries_page(width: int) -> str:
    """docs/registries.md."""
    from wapaganda.annotation import format_table
    from wapaganda.sampler import DEFAULT_STRATEGY, STRATEGIES
    from wapaganda.uncertainty import DEFAULT_MEASURE, MEASURES

    measures = [(name, each.summary) for name, each in sorted(MEASURES.items())]
    strategies = [(name, each.summary) for name, each in sorted(STRATEGIES.items())]
    return "\n".join(
        [
            "# Measures, strategies and formats",
            "",
            "## Measures of uncertainty",
            "",
            f"The setting `MEASURE`; `auto` finds candidates by `{DEFAULT_MEASURE}`.",
            "",
            *_table(measures),
            "## Sampling strategies",
            "",
            f"The setting `STRATEGY`; the default is `{DEFAULT_STRATEGY}`.",
            "",
            *_table(strategies),
            "## File formats",
            "",
            FORMATS,
            "",
            format_table(),
        ]
    )


def _table(rows: Sequence[tuple[str, str]]) -> list[str]:
    return [
        "| Name | Meaning |",
        "|---|---|",
        *(f"| `{name}` | {_cell(meaning)} |" for name, meaning in rows),
        "",
    ]


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")
