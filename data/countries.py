"""Countries and territories by any code that survey files use, and their cultural zones."""

import csv
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from value_personas.data.codebooks.missing import normalise

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class PublishedPoint:
    """A country on the published cultural map (kwinkunks/ai-values, MIT)."""

    alpha3: str
    country: str
    zone: str
    survival_self_expression: float
    traditional_secular: float


@cache
def _table() -> tuple[dict[str, str], dict[str, str]]:
    """Every known writing of a country → its alpha-3 code, and alpha-3 → name."""
    writings: dict[str, str] = {}
    names: dict[str, str] = {}
    with (_HERE / "countries.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            alpha3 = row["alpha3"]
            names[alpha3] = row["name"]
            known = [alpha3, row["alpha2"], row["numeric"], *row["also"].split(";"), row["name"]]
            writings.update({_folded(text): alpha3 for text in known if text})
    writings.update({_folded(point.country): alpha3 for alpha3, point in published_map().items()})
    return writings, names


def _folded(text: str) -> str:
    """A writing without regard to case and accents: files drop them as they please."""
    apart = unicodedata.normalize("NFKD", normalise(text))
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def country_alpha3(code: float | str) -> str | None:
    """The alpha-3 code for a numeric, alpha-2 or alpha-3 code or a name; None for an unknown one."""
    if isinstance(code, float) and code.is_integer():
        code = int(code)
    return _table()[0].get(_folded(str(code)))


def country_number(alpha3: str) -> int | None:
    """The numeric code of ISO 3166-1, which WVS and EVS store; None for a country without one."""
    numbers = (text for text, code in _table()[0].items() if code == alpha3 and text.isdigit())
    return next(map(int, numbers), None)


def country_name(alpha3: str) -> str | None:
    """The usual English name, None for a code that is not assigned."""
    return _table()[1].get(alpha3)


@cache
def published_map() -> dict[str, PublishedPoint]:
    """Alpha-3 code → its point on the published cultural map, IVS 2005–2022."""
    with (_HERE / "published_map" / "country_centroids.csv").open(encoding="utf-8", newline="") as stream:
        return {
            row["alpha3"]: PublishedPoint(
                row["alpha3"],
                row["country"],
                row["zone"],
                float(row["survival_self_expression"]),
                float(row["traditional_secular"]),
            )
            for row in csv.DictReader(stream)
        }


def cultural_zone(alpha3: str) -> str | None:
    """The cultural zone of the published map, None for a country that is not on it."""
    point = published_map().get(alpha3)
    return point.zone if point else None
