"""The tables of what is registered by name: measures and strategies."""

from collections.abc import Sequence


def registries_page(width: int) -> str:
    """docs/registries.md."""
    from wapaganda.sampler import DEFAULT_STRATEGY, STRATEGIES
    from wapaganda.uncertainty import DEFAULT_MEASURE, MEASURES

    measures = [(name, each.summary) for name, each in sorted(MEASURES.items())]
    strategies = [(name, each.summary) for name, each in sorted(STRATEGIES.items())]
    return "\n".join(
        [
            "# Measures and strategies",
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
