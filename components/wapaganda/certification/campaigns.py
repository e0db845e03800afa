"""How the promised confidence is kept when a data set is certified again and again."""


def campaign_risk(confidence: float, number: int) -> float:
    """The risk that campaign ``number`` (from 1) may take: (1 − confidence) / (k · (k + 1)).

    The risks of all campaigns add up to 1 − confidence at most, so that with this probability none of their
    bounds is too high. Within a campaign looks are free.

    Raises:
        ValueError: the confidence is not between 0 and 1, or the number is below 1.
    """
    if not 0.0 < confidence < 1.0 or number < 1:
        raise ValueError(
            f"Expected a confidence between 0 and 1 and a number of 1 or more, was: {confidence}, {number}"
        )
    return (1.0 - confidence) / (number * (number + 1))
