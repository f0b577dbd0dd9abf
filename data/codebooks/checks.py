"""What has to hold between the entries of a codebook, and between them and the instruments."""

from collections.abc import Mapping
from pathlib import Path

from value_personas.data.codebooks.file import AimsRule, AutonomyRule, CodebookFile
from value_personas.data.codebooks.scales import StoredScale
from value_personas.signatures import SurveyError

Rule = AimsRule | AutonomyRule | None


def columns_of(entry: str | list[str]) -> tuple[str, ...]:
    """One column or several, as a tuple."""
    return (entry,) if isinstance(entry, str) else tuple(entry)


def build_columns(rule: Rule) -> tuple[str, ...]:
    """The codebook's names of the columns from which an item may be built."""
    if rule is None:
        return ()
    if isinstance(rule, AimsRule):
        return (rule.first, rule.second)
    return (*rule.plus, *rule.minus)


def check_item(
    code: str, published: StoredScale, stored: StoredScale, own: Mapping[float, str], rule: Rule, where: str
) -> None:
    """Hold an entry against the item's scale in its instrument.

    Args:
        code: the item's.
        published: that scale, in which an index comes out.
        stored: the same with the codes that files store.
        own: missing codes that the entry adds.
        rule: how the item is built, if it can be.
        where: the file and entry, for the message.

    Raises:
        SurveyError: for missing codes or a rule that do not fit the scale.
    """
    refuse_missing_answers(own, stored, where)
    if isinstance(rule, AimsRule) and len(published.codes) != 3:
        raise SurveyError(f"{where}: the rule gives 3 options, {code} has {len(published.codes)}")
    if isinstance(rule, AutonomyRule):
        built = tuple(map(float, range(-len(rule.minus), len(rule.plus) + 1)))
        if built != published.codes:
            raise SurveyError(
                f"{where}: the rule gives {built[0]:g} … {built[-1]:g}, {code} has "
                f"{published.codes[0]:g} … {published.codes[-1]:g}"
            )


def refuse_missing_answers(own: Mapping[float, str], stored: StoredScale, where: str) -> None:
    """Refuse a code that an entry calls both an answer and a missing one."""
    both = [code for code in own if code in stored.positions]
    if both:
        raise SurveyError(f"{where}: code {both[0]:g} is an answer and missing; expected one of the two")


def refuse_leaks(path: Path, written: CodebookFile) -> None:
    """Refuse a target question that stands in a column which a persona carries."""
    taken = {column.casefold(): "components" for column in written.components.columns}
    for code, item in written.items.items():
        columns = (*columns_of(item.column), *build_columns(item.build))
        taken |= {column.casefold(): f"items.{code}" for column in columns}
    for code, question in written.questions.items():
        for column in columns_of(question.column) or (code,):
            place = taken.get(column.casefold())
            if place is not None:
                raise SurveyError(
                    f"{path}: questions.{code}: its column {column!r} is in {place} too; a persona must not "
                    "carry the answer to its question, so take one of the two out"
                )
