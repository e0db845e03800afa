"""The sentences of `selfish complete`."""

from wapaganda.certification import Certificate
from wapaganda.file_state import FileState


def points(f1: float) -> str:
    """F1 in points, rounded to one decimal."""
    return f"{100 * f1:.1f}"


def at_least(f1: float) -> str:
    """A lower bound in points, rounded down to one decimal."""
    return f"{int(1000 * f1 + 1e-6) / 10:.1f}"


def texts(number: int) -> str:
    """``1 text``, ``2,000 texts``."""
    return f"{number:,} text{'' if number == 1 else 's'}"


def hours(seconds: float) -> str:
    """Minutes below an hour, else hours."""
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    return f"{seconds / 3600:.1f} hours"


def estimate(state: FileState) -> str:
    """The expected F1 of the file with its interval."""
    low, high = state.interval
    return (
        f"The file should have F1 {points(state.f1)} ({points(low)} to {points(high)}): "
        f"{texts(state.n_people)} of people and {texts(state.n_machine)} with the model's labels."
    )


def certified(certificate: Certificate, confidence: float) -> str:
    """What the audit has shown."""
    more = "" if certificate.estimate is None else f"; estimate {points(certificate.estimate)}"
    people = (
        "" if certificate.people_f1 == 1 else f", labels of people taken as {points(certificate.people_f1)}"
    )
    return (
        f"F1 of the file is at least {at_least(certificate.lower)} with {100 * confidence:g}% "
        f"confidence{more} ({texts(certificate.n_audited)} audited, counted with the new labels{people})."
    )


def out_of_reach(target: float, people_f1: float) -> str:
    """That the errors of people alone forbid the target; empty if they do not."""
    if target < people_f1 or people_f1 == 1:
        return ""
    return (
        f"A target of {points(target)} cannot be proved while the labels of people are taken to have F1 "
        f"{points(people_f1)} (PEOPLE_F1)."
    )


def contradiction(certificate: Certificate) -> str:
    """Whether the audit finds more errors than the model expects; empty if it does not."""
    ratio = certificate.error_ratio
    if ratio is None or ratio < _CONTRADICTS or certificate.n_audited < _FEWEST:
        return ""
    return (
        f"The audit contradicts the model: it finds {ratio:.1f} times as many errors as the model expects. "
        "The audited texts are labels of people now, and the next training learns from them."
    )


def beyond(certificate: Certificate) -> str:
    """Why an audit with such a text proves nothing."""
    return (
        f"{texts(certificate.n_beyond)} of the audit lack more entities than the bound assumes "
        "(docs/data-set.md#the-promise), so it proves nothing."
    )


_CONTRADICTS = 1.5
_FEWEST = 20
