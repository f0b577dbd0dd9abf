"""Before anything is asked: whether a persona would carry a target question."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from value_personas import data
from value_personas.data import AimsRule, Codebook, StoredItem
from value_personas.experiments.recipe.personas import PersonaKind
from value_personas.programs.personas import PersonaKindSpec, parse_kind
from value_personas.signatures import LeakError, Question, ValueItem


@dataclass(frozen=True, slots=True)
class Carried:
    """Something that personas state.

    Attributes:
        name: for people, for example ``F063``.
        codes: every code and column under which it, or a component of it, is known; case does not matter.
        batteries: batteries that its codebook marks it as part of.
    """

    name: str
    codes: frozenset[str]
    batteries: frozenset[str] = frozenset()


def check_leaks(
    kinds: Sequence[PersonaKind],
    survey: data.Survey,
    items: Sequence[ValueItem],
    allowed: bool = False,
) -> tuple[str, ...]:
    """Find target questions that a persona kind would carry.

    Args:
        kinds: the kinds.
        survey: what is asked.
        items: the value items that personas tell of.
        allowed: whether there may be any.

    Returns:
        The leaks that are allowed, one phrase each; empty in every sound run.

    Raises:
        LeakError: when there is one and ``allow_leak`` is not set.
    """
    specs = [parse_kind(kind) for kind in kinds]
    found = find_leaks(tuple(_carried(specs, survey.codebook, items)), survey.questions)
    if found and not allowed:
        raise LeakError(
            f"questions.include: {found[0]}, which a persona states ({len(found)} in all); leave the "
            "question out, or set allow_leak = true, which the result then says in its first line"
        )
    return found


def _carried(
    kinds: Sequence[PersonaKindSpec], codebook: Codebook, items: Sequence[ValueItem]
) -> Iterator[Carried]:
    parts = [part for kind in kinds for part in kind.parts]
    if any(part.states_values for part in parts):
        yield from (_value_item(item.code, codebook) for item in items)
    facts = {fact for part in parts for fact in part.facts}
    for name, entry in codebook.demographics.items():
        if name in facts:
            yield Carried(name, frozenset(_listed(entry.column)))
    if any(part.of_traits for part in parts):
        yield from (Carried(t, frozenset({e.plus, e.minus})) for t, e in codebook.personality.items())


def _value_item(code: str, codebook: Codebook) -> Carried:
    stored: StoredItem | None = codebook.items.get(code)
    columns = {code, *(stored.columns if stored else ()), *(_components(stored) if stored else ())}
    same = [
        q.question
        for q in codebook.questions.values()
        if q.question.code in columns or q.question.ivs == code
    ]
    return Carried(code, frozenset(columns), frozenset(q.battery for q in same if q.battery))


def _components(stored: StoredItem) -> tuple[str, ...]:
    """The columns of the questions from which an item may be built."""
    if stored.build is None:
        return ()
    if isinstance(stored.build, AimsRule):
        return (stored.build.first, stored.build.second)
    return (*stored.build.plus, *stored.build.minus)


def _listed(column: str | list[str]) -> list[str]:
    return [column] if isinstance(column, str) else column


def find_leaks(carried: Collection[Carried], questions: Sequence[Question]) -> tuple[str, ...]:
    """Target questions that a persona would already hold the answer to.

    Returns:
        One phrase for each pair of question and carried thing: the same item or a component of it, or an
        item of the same battery; empty when there is none.
    """
    return tuple(
        phrase for question in questions for thing in carried for phrase in _between(thing, question)
    )


def _between(thing: Carried, question: Question) -> Iterator[str]:
    codes = {code.casefold() for code in thing.codes}
    if question.code.casefold() in codes or (question.ivs or "").casefold() in codes:
        yield f"{question.code} is {thing.name} or a component of it"
    elif question.battery and question.battery in thing.batteries:
        yield f"{question.code} is of the same battery as {thing.name} ({question.battery})"
