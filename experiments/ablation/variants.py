"""From factors to variants, and from variants to the fewest runs that hold them all."""

import itertools
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from value_personas.experiments.evaluation.fitted import find_calibrations
from value_personas.experiments.evaluation.predicting import calibrated_name
from value_personas.experiments.recipe.ablation import AblationSettings
from value_personas.experiments.recipe.items import ITEM_SETS
from value_personas.experiments.recipe.personas import ComparatorSection
from value_personas.experiments.recipe.recipe import ProfileSection, Recipe
from value_personas.experiments.sweep.cells import Cell, distinct_cells, label_of
from value_personas.experiments.tracking import calibration_file
from value_personas.programs.calibration import Level
from value_personas.programs.personas import known_kinds, parse_kind
from value_personas.signatures import RecipeError

_ROW_FACTORS = ("kind", "country", "calibration")
_MOST_VARIANTS = 500


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of doing it.

    Attributes:
        levels: factor → level.
        changed: the factors in which it differs from the base.
    """

    levels: Mapping[str, Any]
    changed: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What differs from the base, in words."""
        return label_of({name: self.levels[name] for name in self.changed}) if self.changed else "base"

    @property
    def settings(self) -> dict[str, Any]:
        """What is set in the recipe of its run."""
        return {name: level for name, level in self.levels.items() if name not in _ROW_FACTORS}

    @property
    def kind(self) -> str:
        """Its persona kind."""
        kind = str(self.levels.get("kind", "values-hedged"))
        named = self.levels.get("country", False) and not parse_kind(kind).names_country
        if not named:
            return kind
        return "country" if kind == "none" else f"{kind}+country"

    @property
    def calibration(self) -> Level | None:
        """The level at which its answers are widened; None where they are not."""
        level: Level | Literal["none"] = self.levels.get("calibration", "none")
        return None if level == "none" else level

    @property
    def method(self) -> str:
        """Its row in the table of its run."""
        return calibrated_name(self.kind, self.calibration) if self.calibration else self.kind


@dataclass(frozen=True, slots=True)
class VariantRuns:
    """The runs of an ablation.

    Attributes:
        cells: a recipe each.
        cell_of: each variant's cell, by its place.
    """

    cells: tuple[Cell, ...]
    cell_of: tuple[int, ...]


def factors_of(section: AblationSettings, profiles: ProfileSection) -> dict[str, tuple[Any, ...]]:
    """An ablation's factors; where it names none, what can be varied without asking much anew."""
    if section.factors:
        return dict(section.factors)
    return {
        "kind": tuple(kind for kind in known_kinds() if "+" not in kind and parse_kind(kind).states_values),
        "country": (False, True),
        "calibration": ("none", "persona", "population"),
        "profiles.design": _first(profiles.design, ("systematic", "random")),
        "profiles.items": _first(profiles.items, ITEM_SETS),
    }


def variants_of(settings: AblationSettings, factors: Mapping[str, Sequence[Any]]) -> tuple[Variant, ...]:
    """The base, then every other variant.

    Raises:
        RecipeError: when there are too many, or two of them come to the same.
    """
    base = {name: levels[0] for name, levels in factors.items()}
    if settings.design == "factorial":
        points = [dict(zip(factors, levels, strict=True)) for levels in itertools.product(*factors.values())]
    else:
        points = [base, *({**base, n: level} for n, levels in factors.items() for level in levels[1:])]
    if len(points) > _MOST_VARIANTS:
        raise RecipeError(f"ablation.factors: {len(points):,} variants; at most {_MOST_VARIANTS}")
    variants = tuple(Variant(p, tuple(n for n in factors if p[n] != base[n])) for p in points)
    _require_distinct(variants)
    return variants


def runs_of(recipe: Recipe, variants: Sequence[Variant]) -> VariantRuns:
    """The fewest runs: variants that differ in persona kind or calibration alone are rows of one.

    Raises:
        RecipeError: when a run is no valid recipe; nothing was read or asked.
    """
    groups: dict[str, list[Variant]] = defaultdict(list)
    for variant in variants:
        groups[_key(variant.settings)].append(variant)
    base = variants[0].settings
    settings = [(_run_label(group[0].settings, base), _settings(group)) for group in groups.values()]
    cells = distinct_cells(_plain(recipe), settings)
    for cell, group in zip(cells, groups.values(), strict=True):
        section = cell.recipe.calibration
        if section.fitted is not None and any(variant.calibration for variant in group):
            (fitted,) = find_calibrations(section, calibration_file(cell.recipe))
            _require_level(fitted.setting.level, group)
    place = {key: number for number, key in enumerate(groups)}
    return VariantRuns(cells, tuple(place[_key(variant.settings)] for variant in variants))


def _settings(variants: Sequence[Variant]) -> dict[str, Any]:
    """The settings of the run that holds some variants."""
    widened = [(variant.kind, variant.calibration) for variant in variants if variant.calibration]
    return {
        **variants[0].settings,
        "personas": tuple(dict.fromkeys(variant.kind for variant in variants)),
        "calibration.kinds": tuple(dict.fromkeys(kind for kind, _ in widened)),
        "calibration.levels": tuple(dict.fromkeys(level for _, level in widened)) or ("persona",),
    }


def _run_label(settings: Mapping[str, Any], base: Mapping[str, Any]) -> str:
    differing = {name: value for name, value in settings.items() if value != base[name]}
    return label_of(differing) if differing else "base"


def _plain(recipe: Recipe) -> Recipe:
    """Without what belongs to the whole ablation, and without what its variants are not compared with."""
    empty = {
        "hypotheses": (),
        "sweep": None,
        "ablation": AblationSettings(),
        "comparators": ComparatorSection(),
    }
    scoring = recipe.scoring.model_copy(update={"gap_reference": None, "gap_index": None})
    on_map = recipe.cultural_map.model_copy(update={"ask": False})
    return recipe.model_copy(update={**empty, "scoring": scoring, "cultural_map": on_map})


def _require_distinct(variants: Sequence[Variant]) -> None:
    seen: dict[str, Variant] = {}
    for variant in variants:
        twin = seen.setdefault(_key({**variant.settings, "method": variant.method}), variant)
        if twin is not variant:
            raise RecipeError(
                f"ablation.factors: {twin.label} and {variant.label} are both {variant.method}; leave one out"
            )


def _require_level(has: Level, variants: Sequence[Variant]) -> None:
    """A fitted calibration has one level of its own."""
    for variant in variants:
        if variant.calibration and variant.calibration != has:
            raise RecipeError(
                f"ablation.factors.calibration: {variant.calibration}: what calibration.fitted names is "
                f"at {has} level; name none and that"
            )


def _key(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True, default=str)


def _first(own: Any, others: Sequence[Any]) -> tuple[Any, ...]:
    return (own, *(other for other in others if other != own))
