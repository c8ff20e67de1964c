"""What a synthetic user's life is drawn from: value pools, relations, facts and preferences."""

from __future__ import annotations

import random

from lpm.benchmarks.synthetic import values_names as names
from lpm.benchmarks.synthetic import values_places as places
from lpm.benchmarks.synthetic import values_things as things
from lpm.benchmarks.synthetic.scoring import occurs
from lpm.benchmarks.synthetic.templates import DomainValues, Split
from lpm.benchmarks.synthetic.values_test_preferences import GENERAL_TEST_CHANGES, TEST_VALUES
from lpm.benchmarks.synthetic.values_train_preferences import GENERAL_TRAIN_CHANGES, TRAIN_VALUES

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_AIRLINES = ("AF", "AZ", "BA", "DL", "EK", "IB", "KL", "LH", "LO", "OS", "QF", "SK", "TK", "UA")
_SOUNDS_LIKE_CONSONANT = ("uk", "uni", "uro", "eu", "one")
_SOUNDS_LIKE_VOWEL = ("htc", "honor", "lg")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split(",") if part.strip())


def _pair(text_train: str, text_test: str) -> dict[Split, tuple[str, ...]]:
    return {"train": _phrases(text_train), "test": _phrases(text_test)}


FIRST_NAMES: dict[str, dict[Split, tuple[str, ...]]] = {
    "female": {"train": _words(names.FEMALE_TRAIN), "test": _words(names.FEMALE_TEST)},
    "male": {"train": _words(names.MALE_TRAIN), "test": _words(names.MALE_TEST)},
}
SURNAMES: dict[Split, tuple[str, ...]] = {
    "train": _words(names.SURNAMES_TRAIN),
    "test": _words(names.SURNAMES_TEST),
}
POOLS: dict[str, dict[Split, tuple[str, ...]]] = {
    "pet_name": {"train": _words(names.PETS_TRAIN), "test": _words(names.PETS_TEST)},
    "city": _pair(places.CITIES_TRAIN, places.CITIES_TEST),
    "destination": _pair(places.DESTINATIONS_TRAIN, places.DESTINATIONS_TEST),
    "job": _pair(things.JOBS_TRAIN, things.JOBS_TEST),
    "hobby": _pair(things.HOBBIES_TRAIN, things.HOBBIES_TEST),
    "dish": _pair(things.DISHES_TRAIN, things.DISHES_TEST),
    "ingredient": _pair(things.INGREDIENTS_TRAIN, things.INGREDIENTS_TEST),
    "instrument": _pair(things.INSTRUMENTS_TRAIN, things.INSTRUMENTS_TEST),
    "language": _pair(things.LANGUAGES_TRAIN, things.LANGUAGES_TEST),
    "car": _pair(things.CARS_TRAIN, things.CARS_TEST),
    "phone": _pair(things.PHONES_TRAIN, things.PHONES_TEST),
    "dog_breed": _pair(things.DOG_BREEDS_TRAIN, things.DOG_BREEDS_TEST),
    "colour": _pair(things.COLOURS_TRAIN, things.COLOURS_TEST),
    "subject": _pair(things.SUBJECTS_TRAIN, things.SUBJECTS_TEST),
    "collectible": _pair(things.COLLECTIBLES_TRAIN, things.COLLECTIBLES_TEST),
    "flower": _pair(things.FLOWERS_TRAIN, things.FLOWERS_TEST),
    "savings": _pair(things.SAVINGS_TRAIN, things.SAVINGS_TEST),
}
_COMPOSED: dict[str, dict[Split, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "street": {
        "train": ("{} {}", _phrases(places.STREETS_TRAIN), places.STREET_KINDS),
        "test": ("{} {}", _phrases(places.STREETS_TEST), places.STREET_KINDS),
    },
    "employer": {
        "train": ("{} {}", _phrases(places.EMPLOYERS_TRAIN), places.EMPLOYER_KINDS_TRAIN),
        "test": ("{} {}", _phrases(places.EMPLOYERS_TEST), places.EMPLOYER_KINDS_TEST),
    },
    "book_title": {
        "train": (
            "The {} {}",
            _phrases(things.BOOK_FIRST_TRAIN),
            _phrases(things.BOOK_LAST_TRAIN),
        ),
        "test": ("The {} {}", _phrases(things.BOOK_FIRST_TEST), _phrases(things.BOOK_LAST_TEST)),
    },
    "club": {
        "train": ("{} {}", POOLS["city"]["train"], things.CLUB_KINDS_TRAIN),
        "test": ("{} {}", POOLS["city"]["test"], things.CLUB_KINDS_TEST),
    },
    "doctor": {
        "train": ("{} {}", ("Dr",), SURNAMES["train"]),
        "test": ("{} {}", ("Dr",), SURNAMES["test"]),
    },
    "teacher": {
        "train": ("{} {}", ("Mr", "Mrs", "Ms"), SURNAMES["train"]),
        "test": ("{} {}", ("Mr", "Mrs", "Ms"), SURNAMES["test"]),
    },
}
GENERAL_CHANGES: dict[Split, tuple[str, ...]] = {
    "train": GENERAL_TRAIN_CHANGES,
    "test": GENERAL_TEST_CHANGES,
}
PREFERENCES: dict[Split, dict[str, DomainValues]] = {"train": TRAIN_VALUES, "test": TEST_VALUES}


def article(value: str) -> str:
    """Return the indefinite article that goes before a value."""
    word = value.lower()
    if word.startswith(_SOUNDS_LIKE_VOWEL):
        return "an"
    if word[0] not in "aeiou" or word.startswith(_SOUNDS_LIKE_CONSONANT):
        return "a"
    return "an"


def draw_value(pool: str, split: Split, rng: random.Random, taken: set[str]) -> str:
    """Draw a value that does not contain, and is not contained in, one already taken.

    Names, places and things come from the pools of the split; numbers, dates, weekdays, shoe sizes
    and prices from the same range in both splits. The value is added to `taken`.
    """
    value = _draw_once(pool, split, rng)
    while any(occurs(value, other) or occurs(other, value) for other in taken):
        value = _draw_once(pool, split, rng)
    taken.add(value)
    return value


def draw_first_name(gender: str, split: Split, rng: random.Random, taken: set[str]) -> str:
    """Draw a first name of a gender that is not taken yet, and add it to `taken`."""
    name = rng.choice([name for name in FIRST_NAMES[gender][split] if name not in taken])
    taken.add(name)
    return name


def _draw_once(pool: str, split: Split, rng: random.Random) -> str:
    if pool in POOLS:
        return rng.choice(POOLS[pool][split])
    if pool in _COMPOSED:
        pattern, first, last = _COMPOSED[pool][split]
        return pattern.format(rng.choice(first), rng.choice(last))
    return _draw_number(pool, rng)


def _draw_number(pool: str, rng: random.Random) -> str:
    match pool:
        case "weekday":
            return rng.choice(WEEKDAYS)
        case "shoe_size":
            return rng.choice([f"{size}{half}" for size in range(35, 48) for half in ("", ".5")])
        case "number":
            return str(rng.randint(11, 399))
        case "code":
            return str(rng.randint(1000, 9999))
        case "price":
            return f"${rng.randrange(480, 2400, 5):,}"
        case "flight":
            return f"{rng.choice(_AIRLINES)}{rng.randint(120, 9899)}"
        case "marathon_time":
            return f"{rng.randint(3, 5)}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}"
        case "date":
            return f"{rng.choice(MONTHS)} {rng.randint(1, 28)}"
        case _:
            raise KeyError(pool)


def alternatives(pool: str, value: str) -> tuple[str, ...]:
    """Return other spellings of a value that are as right as the value itself."""
    if pool == "date":
        month, day = value.split()
        nth = f"{day}{_ordinal(int(day))}"
        return (f"{day} {month}", f"{day} of {month}", f"{month} {nth}", f"{nth} of {month}")
    if pool in ("doctor", "teacher"):
        return (value.split(maxsplit=1)[1],)
    if pool == "savings":
        return (value.split(maxsplit=1)[1],)
    return ()


def _ordinal(day: int) -> str:
    if day in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
