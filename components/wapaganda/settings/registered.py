"""Settings whose values are names that another brick registers."""


def measure_name(name: str) -> str:
    """``name``, when it is a measure of uncertainty.

    Raises:
        InputError: there is no such measure, or only in an earlier version.
    """
    from wapaganda.uncertainty import find_measure

    find_measure(name)
    return name


def measure_names() -> tuple[str, ...]:
    """All values of ``MEASURE``."""
    from wapaganda.uncertainty import AUTO, MEASURES

    return AUTO, *sorted(MEASURES)
