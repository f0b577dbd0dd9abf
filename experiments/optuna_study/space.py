"""Settings as an Optuna trial suggests them."""

import json
from collections.abc import Mapping
from typing import Any

import optuna

from value_personas.experiments.recipe.search import Range


def suggested(trial: optuna.trial.BaseTrial, space: Mapping[str, Any]) -> dict[str, Any]:
    """Key → value of the next trial."""
    return {key: one_of(trial, key, among) for key, among in space.items()}


def one_of(trial: optuna.trial.BaseTrial, key: str, among: Any) -> Any:
    """The trial's value among choices, or within a range.

    Choices that are lists or tables go by their JSON, since a study keeps names and numbers only.
    """
    if isinstance(among, Range):
        if among.whole:
            return trial.suggest_int(key, int(among.low), int(among.high), log=among.log)
        return trial.suggest_float(key, float(among.low), float(among.high), log=among.log)
    named = {_name(value): value for value in among}
    return named[trial.suggest_categorical(key, tuple(named))]


def _name(value: Any) -> Any:
    plain = isinstance(value, str | int | float | bool)
    return value if plain else json.dumps(value, ensure_ascii=False, sort_keys=True)
