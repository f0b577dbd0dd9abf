"""Instruments: which items make a value profile, what each answer means, and how items bear on the map."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

from value_personas.data.codebooks.file import InstrumentFile, InstrumentItem, load_toml
from value_personas.data.codebooks.scales import StoredScale, stored_scale
from value_personas.signatures import Axis, SurveyError, ValueItem

_FOLDER = Path(__file__).parent / "instruments"


@dataclass(frozen=True)
class ItemNorm:
    """What is published of an item: against it direction is checked and the map computed.

    Attributes:
        mean: mean over the respondents of the published surveys, in stored codes.
        sd: standard deviation over respondents.
        country_sd: standard deviation of country means.
        map_weights: score weights on (survival–self-expression, traditional–secular).
    """

    mean: float | None
    sd: float | None
    country_sd: float | None
    map_weights: tuple[float, float] | None


@dataclass(frozen=True)
class Instrument:
    """A set of value items.

    Attributes:
        name: by which it is asked for.
        title: for people.
        items: the items, in the order in which a profile lists them.
        names: item code → its name in a word or three.
        scales: item code → its scale with the published codes.
        norms: item code → what is published of it.
        part_words: code of a built item → the words of its parts that tell toward its lowest and its highest
            option.
        pattern: an item's expected correlation with the others, turned one way, and its spread over
            countries.
        minimum_share: the share of the items in a file that a respondent must have answered.
        map_lines: axis → (slope, intercept) from the weighted sum to the axis; empty without a map.
    """

    name: str
    title: str
    items: tuple[ValueItem, ...]
    names: dict[str, str]
    scales: dict[str, StoredScale]
    norms: dict[str, ItemNorm]
    part_words: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
    minimum_share: float
    pattern: tuple[float, float]
    map_lines: dict[Axis, tuple[float, float]]


def instrument_names() -> tuple[str, ...]:
    """The names of the instruments that come with the project."""
    return tuple(sorted(path.stem.replace("_", "-") for path in _FOLDER.glob("*.toml")))


def load_instrument(name: str) -> Instrument:
    """Load an instrument by its name, or from a TOML file of one's own.

    Raises:
        SurveyError: for an unknown name or a file that does not describe an instrument.
    """
    if name in instrument_names():
        return _built_in(name)
    if not name.endswith(".toml") or not Path(name).is_file():
        raise SurveyError(
            f"unknown instrument {name!r}; expected {', '.join(instrument_names())} or a .toml file"
        )
    return _build(Path(name))  # read anew each time: its author may be at work on it


@cache
def _built_in(name: str) -> Instrument:
    return _build(_FOLDER / f"{name.replace('-', '_')}.toml")


def _build(path: Path) -> Instrument:
    written = load_toml(path, InstrumentFile)
    _check_map(path, written)
    scales = {code: stored_scale(item, f"{path}: items.{code}") for code, item in written.items.items()}
    return Instrument(
        name=written.instrument.name,
        title=written.instrument.title,
        items=tuple(_value_item(code, item, scales[code]) for code, item in written.items.items()),
        names={code: item.name for code, item in written.items.items()},
        scales=scales,
        norms={
            code: ItemNorm(item.mean, item.sd, item.country_sd, item.map_weights)
            for code, item in written.items.items()
        },
        part_words={
            code: (tuple(item.part_low_words), tuple(item.part_high_words))
            for code, item in written.items.items()
        },
        minimum_share=written.instrument.minimum_share,
        pattern=written.instrument.pattern,
        map_lines={axis: (line.slope, line.intercept) for axis, line in written.map.items()},
    )


def _check_map(path: Path, written: InstrumentFile) -> None:
    if not written.map:
        return
    if len(written.map) < len(get_args(Axis)):
        raise SurveyError(f"{path}: map: needs both axes, {' and '.join(get_args(Axis))}")
    for code, item in written.items.items():
        if item.mean is None or item.sd is None or item.map_weights is None:
            raise SurveyError(f"{path}: items.{code}: the map needs its mean, sd and map_weights")


def item_and_scale(code: str, own: Instrument | None = None) -> tuple[ValueItem, StoredScale]:
    """The value item of a code and its scale, from whichever instrument holds it.

    Args:
        code: the item's.
        own: an instrument of the user's own, which is looked at first.

    Raises:
        SurveyError: when no instrument holds it.
    """
    for instrument in (*([own] if own else []), *map(load_instrument, instrument_names())):
        for item in instrument.items:
            if item.code == code:
                return item, instrument.scales[code]
    known = ", ".join((*([own.name] if own else []), *instrument_names()))
    raise SurveyError(
        f"value item {code!r} is in no instrument ({known}); one of your own is named by "
        "instrument = 'FILE.toml' in [survey] of the codebook, or as profiles.instrument of the recipe"
    )


def part_words(code: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of a built item's parts that tell toward its lowest and its highest option."""
    for name in instrument_names():
        words = load_instrument(name).part_words.get(code)
        if words:
            return words
    return (), ()


def _value_item(code: str, item: InstrumentItem, stored: StoredScale) -> ValueItem:
    return ValueItem(code, item.text, stored.scale, item.axis, item.sign, item.composite, tuple(item.near))
