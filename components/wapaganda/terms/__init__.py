"""Terms that are decided once for all their places: where they are, which look alike, what may be wrong."""

from wapaganda.terms.bound import CONFIDENCE, most_wrong
from wapaganda.terms.candidates import Answer, TermCandidate, forms_of, labelled_as, ranked, reliability
from wapaganda.terms.decided import DecidedPlace, DecidedTerms, text_key
from wapaganda.terms.likeness import Occurrence, to_check, why_different
from wapaganda.terms.reading import PlaceReading, ReadText, read_places
from wapaganda.terms.surface import TermPlace, Terms, term_of

__all__ = [
    "CONFIDENCE",
    "Answer",
    "DecidedPlace",
    "DecidedTerms",
    "Occurrence",
    "PlaceReading",
    "ReadText",
    "TermCandidate",
    "TermPlace",
    "Terms",
    "forms_of",
    "labelled_as",
    "most_wrong",
    "ranked",
    "read_places",
    "reliability",
    "term_of",
    "text_key",
    "to_check",
    "why_different",
]
