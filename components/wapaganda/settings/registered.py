"""Settings whose values are names that another brick registers."""


def measure_name(name: str) -> str:
    """``name``, when it is a measure of uncertainty.

    Raises:
        InputError: there is no such measure, or it was removed.
    """
    from wapaganda.uncertainty import find_measure

    find_measure(name)
    return name


def measure_names() -> tuple[str, ...]:
    """All values of ``MEASURE``."""
    from wapaganda.uncertainty import AUTO, MEASURES

    return AUTO, *sorted(MEASURES)


def strategy_name(name: str) -> str:
    """``name``, when it is a sampling strategy.

    Raises:
        InputError: there is no such strategy, or it was removed.
    """
    from wapaganda.sampler import find_strategy

    return find_strategy(name).name


def strategy_names() -> tuple[str, ...]:
    """All values of ``STRATEGY``."""
    from wapaganda.sampler import STRATEGIES

    return tuple(STRATEGIES)
