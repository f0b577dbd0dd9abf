"""The page on a terminal of 80 columns: one line for each country, item and topic where it can be."""

import io
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from value_personas.data import one_line
from value_personas.experiments.progress.console import plain_console
from value_personas.experiments.report.survey.facts import (
    MISSING_WORDS,
    VERDICTS,
    CountryFacts,
    MapPoint,
    QuestionFacts,
    SurveyFacts,
    direction_text,
    largest_first,
    scale_text,
)

_MOST_COUNTRIES = 12
_LONGEST_NOTE = 2000

# Kinds of missing answers in two letters, as survey reports abbreviate them.
_SHORT = {
    "system_missing": "empty",
    "dont_know": "DK",
    "no_answer": "NA",
    "refused": "RF",
    "not_applicable": "NAP",
    "not_asked": "not asked",
    "other_missing": "other",
    "declared_missing": "declared",
    "spontaneous": "volunteered",
    "off_scale": "off scale",
    "unreadable": "unreadable",
}


def print_facts(facts: SurveyFacts, console: Console | None = None) -> None:
    """Print the page on stdout."""
    if console is None and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that knows no "×" shows "?" in its place
    (console or plain_console()).print(Group(*_parts(facts)))


def _parts(facts: SurveyFacts) -> list[RenderableType]:
    parts: list[RenderableType] = [_head(facts), _countries(facts.countries)]
    if facts.items:
        parts.append(_items(facts))
    else:
        parts.append(Text(f"No value item of: {one_line(facts.instrument)}\n", style="bold"))
    if facts.profiles:
        parts.append(_profiles(facts))
    if facts.cultural_map:
        parts.append(_map(facts.cultural_map))
    if facts.questions:
        parts.append(_questions(facts.questions))
    return parts + [Text(f"• {one_line(note, _LONGEST_NOTE)}") for note in facts.notes]


def _head(facts: SurveyFacts) -> Text:
    rows = sum(int(str(file["rows"])) for file in facts.files)
    head = Text(one_line(facts.title), style="bold")
    if facts.synthetic:
        head.append("  SYNTHETIC: generated, not people", style="bold magenta")
    names = ", ".join(Path(str(file["path"])).name for file in facts.files)
    columns = ", ".join(str(file["columns"]) for file in facts.files)
    rest = f"{rows:,} records × {columns} columns · codebook {facts.codebook} · weights: {facts.weighting}"
    head.append(f"\n{one_line(names, _LONGEST_NOTE)}\n{one_line(rest)}\n", style="not bold")
    return head


def _table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return table


def _titled(title: str, table: Table, caption: str = "") -> Group:
    """A table under its title, both as wide as the terminal: a table's own title is cut to its columns."""
    under = f"{one_line(caption, _LONGEST_NOTE)}\n" if caption else ""
    return Group(Text(one_line(title, _LONGEST_NOTE), style="bold"), table, Text(under))


def _row(table: Table, *cells: str | Text) -> None:
    """Cells as plain text: what a file says is neither markup nor an order to the terminal."""
    table.add_row(*(cell if isinstance(cell, Text) else Text(one_line(cell)) for cell in cells))


def _countries(countries: tuple[CountryFacts, ...]) -> Group:
    table = _table(
        "country",
        "",
        "n",
        "effective n",
        "design effect",
        "wave or year",
        right=("n", "effective n", "design effect"),
    )
    for country in countries[:_MOST_COUNTRIES]:
        _row(
            table,
            country.code,
            country.name,
            f"{country.respondents:,}",
            f"{country.effective_size:,.0f}",
            f"{country.design_effect:.2f}",
            ", ".join(country.waves) or "–",
        )
    rest = countries[_MOST_COUNTRIES:]
    if rest:
        total = sum(country.respondents for country in rest)
        _row(table, "…", f"and {len(rest)} more", f"{total:,}", "", "", "")
    return _titled(f"{len(countries)} {'country' if len(countries) == 1 else 'countries'}", table)


def _items(facts: SurveyFacts) -> Group:
    found = len(facts.items)
    title = f"{found} of {found + len(facts.items_missing)} value items ({facts.instrument})"
    if facts.items_missing:
        title += f"; absent: {', '.join(facts.items_missing)}"
    table = _table("item", "about", "column", "scale", "direction", "missing, %")
    for item in facts.items:
        _row(
            table,
            item.code,
            item.name,
            item.column.replace("from ", "← ").replace(", ", " "),
            scale_text(item.scale),
            Text(direction_text(item), style=VERDICTS[item.direction][1]),
            _percentages(item.missing),
        )
    legend = _legend(item.missing for item in facts.items)
    return _titled(title, table, f"direction: against the codebook, by the file's labels or by odds{legend}")


def _percentages(missing: Mapping[str, float]) -> str:
    """The same in short words and percent."""
    return ", ".join(f"{_SHORT[kind]} {100 * share:.1f}" for kind, share in largest_first(missing)) or "none"


def _legend(all_missing: Iterable[Mapping[str, float]]) -> str:
    kinds = {kind for missing in all_missing for kind, _ in largest_first(missing)}
    return "".join(f" · {_SHORT[kind]}: {words}" for kind, words in MISSING_WORDS.items() if kind in kinds)


def _profiles(facts: SurveyFacts) -> Text:
    counts = facts.profiles
    return Text(
        f"Value profiles: {counts['usable']:,} usable, {counts['complete']:,} of them complete; "
        f"{counts['too_few_items']:,} too sparse.\n"
    )


def _map(points: tuple[MapPoint, ...]) -> Group:
    table = _table("country", "this survey", "published", right=("this survey", "published"))
    for point in points[:_MOST_COUNTRIES]:
        here = f"{point.survival_self_expression:+.2f}, {point.traditional_secular:+.2f}"
        there = f"{point.published[0]:+.2f}, {point.published[1]:+.2f}" if point.published else "–"
        _row(table, point.country, here, there)
    if len(points) > _MOST_COUNTRIES:
        _row(table, "…", f"and {len(points) - _MOST_COUNTRIES} more", "")
    return _titled("Cultural map: survival → self-expression, traditional → secular", table)


def _questions(questions: tuple[QuestionFacts, ...]) -> Group:
    by_topic: dict[str, list[QuestionFacts]] = defaultdict(list)
    for question in questions:
        by_topic[question.topic].append(question)
    table = _table("topic", "questions", "options", "most missing, %")
    for topic, asked in by_topic.items():
        worst = max(asked, key=lambda question: sum(question.missing.values()))
        _row(
            table,
            topic,
            ", ".join(question.code + "?" * question.unverified for question in asked),
            ", ".join(map(str, sorted({len(question.labels) for question in asked}))),
            f"{worst.code}: {_percentages(worst.missing)}" if largest_first(worst.missing) else "none",
        )
    near = sum(question.near for question in questions)
    title = f"{len(questions)} target questions ({near} near the items, {len(questions) - near} far)"
    unverified = any(question.unverified for question in questions)
    return _titled(title, table, "?: nothing tells which way round it is stored" if unverified else "")
