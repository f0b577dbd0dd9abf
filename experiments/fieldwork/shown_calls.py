"""Which of a run's calls are shown in MLflow: a few, spread over methods, countries and missing answers."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from value_personas.experiments.recipe.personas import PersonaKind
from value_personas.experiments.tracking import Call
from value_personas.programs import REASONS, Panel, PanelResult
from value_personas.programs.engines import Model, Prices, Reply, request_content
from value_personas.programs.personas import parse_kind
from value_personas.signatures import Integers

CALLS_SHOWN = 50
"""Calls a run, or fewer where fewer were made."""

_OF_A_REASON, _MISSING_SHOWN = 5, 20
"""Of them, at most so many that brought no answer for one reason, and for any."""

_ALTERNATIVES_SHOWN = 12

Cell = tuple[PersonaKind, int, int]
"""A kind, and the places of a persona and of a question in what its panel answered."""


def shown_calls(
    panels: Mapping[PersonaKind, Panel], answered: Mapping[PersonaKind, PanelResult], model: Model
) -> tuple[Call, ...]:
    """The first request of each chosen cell with its reply, read from the store; nothing is asked.

    Kinds whose text holds a respondent's record itself, such as age or answers word for word, are left out:
    what leaves for a tracking server is descriptors and names of countries.

    Args:
        panels: as which each kind was asked.
        answered: what came back.
        model: what answered.
    """
    open_to_all = {kind: panel for kind, panel in answered.items() if not _states_records(kind)}
    chosen = choose_cells(open_to_all)
    calls: list[Call] = []
    for kind, result in open_to_all.items():
        cells = [(row, column) for k, row, column in chosen if k == kind]
        if cells:
            calls += _calls(panels[kind], result, kind, cells, model)
    return tuple(calls)


def _states_records(kind: PersonaKind) -> bool:
    spec = parse_kind(kind)
    return spec.of_individuals or (spec.states_values and spec.variant is None)


def choose_cells(answered: Mapping[PersonaKind, PanelResult]) -> list[Cell]:
    """At most ``CALLS_SHOWN`` cells, the same ones whenever the answers are the same.

    First missing answers, every reason of every kind in turn; then kinds in turn, each going through its
    countries, with persons and questions drawn at random.
    """
    reasons = [
        [_shuffled(kind, np.argwhere(result.missing == code)) for kind, result in answered.items()]
        for code in range(len(REASONS))
    ]
    missing = _in_turn([islice(_in_turn(kinds), _OF_A_REASON) for kinds in reasons])
    chosen = dict.fromkeys(islice(missing, _MISSING_SHOWN))
    countries = [_by_country(kind, result, shift) for shift, (kind, result) in enumerate(answered.items())]
    for cell in _in_turn(countries):
        if len(chosen) >= CALLS_SHOWN:
            break
        chosen.setdefault(cell)
    return list(chosen)


def _by_country(kind: PersonaKind, result: PanelResult, shift: int) -> Iterator[Cell]:
    """Answered cells, a country at a time; kinds begin at other countries, so that few calls see many."""
    rows: dict[str, list[int]] = {}
    for row, persona in enumerate(result.personas):
        rows.setdefault(persona.country, []).append(row)
    names = sorted(rows)
    first = shift * CALLS_SHOWN // 7 % len(names)
    return _in_turn([_answered(kind, result, rows[name]) for name in names[first:] + names[:first]])


def _answered(kind: PersonaKind, result: PanelResult, rows: Sequence[int]) -> Iterator[Cell]:
    """An answered question of each of some persons, both drawn at random."""
    rng = np.random.default_rng(len(rows))
    for row in rng.permutation(rows)[:CALLS_SHOWN].tolist():
        known = np.flatnonzero(result.missing[row] < 0)
        if len(known):
            yield kind, row, int(rng.choice(known))


def _shuffled(kind: PersonaKind, cells: Integers) -> Iterator[Cell]:
    order = np.random.default_rng(0).permutation(len(cells))[:CALLS_SHOWN]
    return ((kind, *cells[place].tolist()) for place in order)


def _in_turn(queues: Sequence[Iterator[Cell]]) -> Iterator[Cell]:
    """One of each, then the next of each, until all are empty."""
    waiting = list(queues)
    while waiting:
        still = []
        for queue in waiting:
            if (cell := next(queue, None)) is not None:
                yield cell
                still.append(queue)
        waiting = still


def _calls(
    panel: Panel, result: PanelResult, kind: PersonaKind, cells: list[tuple[int, int]], model: Model
) -> Iterator[Call]:
    looked_up = panel.stored_calls(result.personas, result.questions, cells)
    for (row, column), (request, reply) in zip(cells, looked_up, strict=True):
        persona, question, code = result.personas[row], result.questions[column], result.missing[row, column]
        content = request_content(request)
        reason = REASONS[code].value if code >= 0 else ""
        tags = {
            "method": kind,
            "country": persona.country,
            "question": question.code,
            "engine": model.identity,
        }
        p = np.exp(result.log_p[row, column][: len(question.scale)]).tolist()
        yield Call(
            name=kind,
            model=request.model,
            messages=(("system", str(content.get("system", ""))), *map(tuple, content["messages"])),
            tags=tags | ({"missing": reason} if reason else {}),
            reply=reply.text if reply else None,
            alternatives=_likeliest(reply.first_token) if reply and reply.first_token else (),
            answer={} if reason else dict(zip(question.scale.labels, p, strict=True)),
            error=reason,
            input_tokens=reply.input_tokens if reply else None,
            output_tokens=reply.output_tokens if reply else None,
            cost=_cost(reply, model.usage.prices) if reply else None,
            latency_s=reply.latency_s if reply else 0.0,
        )


def _cost(reply: Reply, prices: Prices | None) -> tuple[float, float] | None:
    if prices is None or reply.input_tokens is None or reply.output_tokens is None:
        return None
    return prices.cost(reply.input_tokens, 0), prices.cost(0, reply.output_tokens)


def _likeliest(alternatives: Sequence[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    return tuple((token, math.exp(log_p)) for token, log_p in alternatives[:_ALTERNATIVES_SHOWN])
