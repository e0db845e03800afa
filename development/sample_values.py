"""The names in the sample corpus: frequent ones, composed ones, and some that can be anything."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

AMBIGUOUS = (
    "Jordan", "Lincoln", "Paris", "Orion", "Florence", "Marlow", "Phoenix", "Chelsea", "Victoria",
    "Sydney", "Austin", "Verona", "Carter", "Ellis", "Nova", "Hudson", "Mercedes", "Devon", "Santiago",
    "Houston",
)  # fmt: skip
FIRST = (
    "Anna", "Peter", "Maria", "José", "Søren", "Łukasz", "Amina", "Chen", "Olga", "Tomás", "İpek",
    "Grace", "Noah", "Priya", "Zoë", "Kwame", "Ingrid", "Björn", "Aiko", "Rosa", "Emeka", "Fatima",
    "Luca", "Jan", "May", "Will", "Mark",
)  # fmt: skip
FAMILY = (
    "Lind", "Berg", "Kovács", "Okafor", "Novak", "Silva", "Meyer", "Haddad", "Tanaka", "Ferrari",
    "Nguyen", "Dubois", "Brown", "Čapek", "Young", "Baker", "Rice", "King",
)  # fmt: skip
STEMS = (
    "Hal", "Bren", "Kor", "Mar", "Vel", "Thorn", "Ast", "Lun", "Dov", "Ros", "Ger", "Wil", "Tar",
    "Eld", "Nor", "Sav", "Mil", "Cas", "Bel", "Or", "Fen", "Gar", "Rav", "Ulm", "Zel", "Pet", "Hol",
    "Kam",
)  # fmt: skip
FAMILY_ENDS = ("son", "berg", "ova", "inski", "elli", "akis", "moto", "den", "ström", "ević", "man", "ley")
PLACE_ENDS = ("ford", "ton", "burg", "ville", "stad", "grad", "mouth", "den", "ley", "haven", "ow", "holm")
ANY_ENDS = ("den", "ley", "ar", "o", "is", "an", "or", "ia", "ex", "a", "um", "en")
PLACES = (
    "London", "Berlin", "Madrid", "Oslo", "Nairobi", "Lima", "Kyoto", "Kraków", "São Paulo", "Norway",
    "Chile", "Kenya", "Georgia", "Turkey", "Bath", "Reading", "Nice", "Cork", "New York", "Cape Town",
    "Zürich",
)  # fmt: skip
ORG_ENDS = (
    "Bank",
    "Systems",
    "& Sons",
    "Group",
    "Airlines",
    "Foods",
    "Pharma",
    "Energy",
    "Records",
    "AG",
    "Ltd",
    "Post",
)
ORG_WORDS = (
    "Apex", "Blue Harbour", "Delta", "First National", "Global Freight", "Northern Light", "Red Fox",
    "Target", "Shell", "Apple", "Orange", "Visa",
)  # fmt: skip
BODIES = (
    "University of {}",
    "{} City Council",
    "{} Chamber of Commerce",
    "Museum of {}",
    "{} Police",
    "Bank of {}",
)
CLUB_ENDS = ("United", "Rovers", "FC", "Wanderers", "City", "Tigers")
BRANDS = (
    "Kestrel",
    "Aurora",
    "Breeze",
    "Falcon",
    "Polar",
    "Tempo",
    "Comet",
    "Onyx",
    "Lumo",
    "Vivo",
    "Echo",
    "Galaxy",
)
MODELS = ("", "", " Mini", " Pro", " 300", " X2", " 5", " Max", " S", " 1200", " Air")
TITLES = ("Dr. ", "Mrs ", "Mr ", "Judge ", "Professor ", "President ")


@dataclass(frozen=True)
class Value:
    """What fills a slot: the entity and what stands before it without belonging to it, such as a title."""

    text: str
    before: str = ""


def drawn(rng: random.Random, values: Sequence[str], skew: float = 0.8) -> str:
    """One of the values, earlier ones more often (weight 1 / rank ** skew)."""
    return rng.choices(values, [1 / (rank + 1) ** skew for rank in range(len(values))])[0]


def surname(rng: random.Random) -> Value:
    """A family name alone."""
    kind = rng.random()
    if kind < 0.14:
        return Value(drawn(rng, AMBIGUOUS))
    return Value(drawn(rng, FAMILY) if kind < 0.5 else rng.choice(STEMS) + rng.choice(FAMILY_ENDS))


def person(rng: random.Random) -> Value:
    """A full name, a family name with or without a title, a first name, or initials."""
    kind, family = rng.random(), surname(rng).text
    first = drawn(rng, FIRST) if rng.random() < 0.9 else rng.choice(STEMS) + rng.choice(("a", "o", "in", "e"))
    if kind < 0.5:
        return Value(f"{first} {family}")
    if kind < 0.68:
        return Value(family)
    if kind < 0.8:
        return Value(family, before=rng.choice(TITLES))
    if kind < 0.9:
        return Value(first)
    return Value(f"{first[0]}. {family}") if kind < 0.96 else Value(f"{first} van der {family}")


def place(rng: random.Random) -> Value:
    """A town, a country, or a part of the landscape."""
    kind, made = rng.random(), rng.choice(STEMS) + rng.choice(PLACE_ENDS)
    if kind < 0.12:
        return Value(drawn(rng, AMBIGUOUS))
    if kind < 0.5:
        return Value(drawn(rng, PLACES))
    if kind < 0.82:
        return Value(made)
    form = rng.choice(
        ("Lake {}", "{} Bay", "Port {}", "San {}", "Mount {}", "{} Valley", "North {}", "Nieder-{}")
    )
    return Value(form.format(made))


def river(rng: random.Random) -> Value:
    """A river, which its sentence calls one."""
    return Value(rng.choice(STEMS) + rng.choice(("a", "e", "ar", "ine")))


def organisation(rng: random.Random) -> Value:
    """A firm, a public body, an abbreviation, or a firm that is called like a person, a place or a fruit."""
    kind = rng.random()
    if kind < 0.1:
        return Value(drawn(rng, AMBIGUOUS))
    if kind < 0.28:
        return Value(drawn(rng, ORG_WORDS))
    if kind < 0.5:
        return Value(f"{surname(rng).text} {drawn(rng, ORG_ENDS)}")
    if kind < 0.65:
        return Value(f"{rng.choice(ORG_WORDS)} {drawn(rng, ORG_ENDS)}")
    if kind < 0.85:
        return Value(rng.choice(BODIES).format(place(rng).text))
    return Value("".join(rng.choice("ABCDEFGKLMNOPRSTUVW") for _ in range(rng.choice((2, 3, 3, 4)))))


def club(rng: random.Random) -> Value:
    """A sports club, at times called by its town alone."""
    town = place(rng).text
    return Value(town if rng.random() < 0.45 else f"{town} {rng.choice(CLUB_ENDS)}")


def product(rng: random.Random) -> Value:
    """A thing that one can buy, rarely called like a person or a place."""
    kind = rng.random()
    if kind < 0.1:
        return Value(drawn(rng, AMBIGUOUS) + rng.choice(MODELS))
    if kind < 0.6:
        return Value(drawn(rng, BRANDS) + rng.choice(MODELS))
    if kind < 0.8:
        return Value(rng.choice(("i", "e", "Thermo", "Easy")) + rng.choice(STEMS) + rng.choice(MODELS))
    return Value(rng.choice("ABCKTXZ") + rng.choice("-– ").strip() + str(rng.randrange(10, 990) * 10))


def bare(rng: random.Random) -> Value:
    """A name that fits any type."""
    if rng.random() < 0.25:
        return Value(drawn(rng, AMBIGUOUS))
    return Value(
        rng.choice(STEMS) + rng.choice(ANY_ENDS) + rng.choice(("", "", "", "", " Star", " West", " Bell"))
    )


SLOTS = {
    "PER": ("person", person),
    "SURNAME": ("person", surname),
    "LOC": ("place", place),
    "RIVER": ("place", river),
    "ORG": ("organisation", organisation),
    "CLUB": ("organisation", club),
    "PROD": ("product", product),
    "BPER": ("person", bare),
    "BLOC": ("place", bare),
    "BORG": ("organisation", bare),
    "BPROD": ("product", bare),
}
"""Slot name to its entity type and what fills it."""
ANY = {"PER": 30, "LOC": 30, "ORG": 28, "PROD": 12}
"""What a slot that takes anything is filled with, and how often of a hundred."""
