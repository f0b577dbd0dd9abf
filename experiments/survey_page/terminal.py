"""The page on a terminal."""

from collections import Counter, defaultdict
from itertools import pairwise

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from experiments.survey_page.facts import CountryFacts, ItemFacts, QuestionFacts, SurveyFacts

__all__ = ["missing_text", "print_facts", "scale_text"]

_MOST_COUNTRIES = 12

_VERDICTS = {
    "agrees": ("as the codebook says", "green"),
    "leans_with": ("probably as it says", "green"),
    "unchecked": ("cannot be checked", "yellow"),
    "leans_against": ("doubtful", "yellow"),
    "contradicts": ("REVERSED?", "bold red"),
}


def print_facts(facts: SurveyFacts, console: Console | None = None) -> None:
    """Print the page on stdout."""
    (console or Console()).print(Group(*_parts(facts)))


def _parts(facts: SurveyFacts) -> list[RenderableType]:
    parts: list[RenderableType] = [_head(facts), _countries(facts.countries), _items(facts)]
    if facts.profiles:
        parts.append(_profiles(facts))
    if facts.questions:
        parts.append(_questions(facts.questions))
    parts += [Text(f"• {note}") for note in facts.notes]
    return parts


def _head(facts: SurveyFacts) -> Text:
    rows = sum(int(str(file["rows"])) for file in facts.files)
    head = Text()
    head.append(facts.title, style="bold")
    if facts.synthetic:
        head.append("  SYNTHETIC: generated, not people", style="bold magenta")
    head.append(f"\n{', '.join(str(file['path']) for file in facts.files)}\n")
    columns = ", ".join(str(file["columns"]) for file in facts.files)
    head.append(
        f"{rows:,} records × {columns} columns · codebook {facts.codebook} · weights: {facts.weighting}\n"
    )
    return head


def _table(title: str, *columns: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return table


def _countries(countries: tuple[CountryFacts, ...]) -> Table:
    table = _table(
        f"{len(countries)} {'country' if len(countries) == 1 else 'countries'}",
        "country",
        "",
        "n",
        "effective n",
        "design effect",
        "wave or year",
        right=("n", "effective n", "design effect"),
    )
    for country in countries[:_MOST_COUNTRIES]:
        table.add_row(
            country.code,
            Text(country.name),
            f"{country.respondents:,}",
            f"{country.effective_size:,.0f}",
            f"{country.design_effect:.2f}",
            ", ".join(country.waves) or "–",
        )
    rest = countries[_MOST_COUNTRIES:]
    if rest:
        total = sum(country.respondents for country in rest)
        table.add_row("…", f"and {len(rest)} more", f"{total:,}", "", "", "")
    return table


def _items(facts: SurveyFacts) -> Table:
    found = len(facts.items)
    title = f"{found} of {found + len(facts.items_missing)} value items ({facts.instrument})"
    if facts.items_missing:
        title += f"; absent: {', '.join(facts.items_missing)}"
    table = _table(title, "item", "asks", "column", "scale", "direction", "missing")
    for item in facts.items:
        table.add_row(
            item.code,
            item.text,
            Text(item.column),
            scale_text(item.scale),
            _direction(item),
            missing_text(item.missing),
        )
    return table


def scale_text(scores: tuple[float, ...]) -> str:
    """A scale in a few characters: its ends, or every code where they are not consecutive."""
    steps = {b - a for a, b in pairwise(scores)}
    if steps == {1.0}:
        return f"{scores[0]:g}–{scores[-1]:g}"
    return ", ".join(f"{score:g}" for score in scores)


def _direction(item: ItemFacts) -> Text:
    words, style = _VERDICTS[item.direction]
    if item.settled:
        words = f"{item.settled} by you"
    if item.basis == "labels":
        basis = "labels"
    elif item.odds_reversed is None:
        basis = "no evidence"
    else:
        odds = max(item.odds_reversed, 1 / item.odds_reversed)
        basis = f"{odds:,.0f} : 1" if odds < 1e6 else "> 1,000,000 : 1"
    return Text(f"{words} ({basis})", style=style)


def missing_text(missing: dict[str, float]) -> str:
    """Kinds of missing answers with their shares, the largest first."""
    shown = [f"{kind.replace('_', ' ')} {share:.1%}" for kind, share in _largest(missing) if share >= 0.0005]
    return ", ".join(shown) or "none"


def _largest(missing: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(missing.items(), key=lambda pair: -pair[1])


def _profiles(facts: SurveyFacts) -> Text:
    counts = facts.profiles
    text = Text(
        f"Value profiles: {counts['usable']:,} usable, of which {counts['complete']:,} complete; "
        f"{counts['too_few_items']:,} respondents answered too few items.\n"
    )
    for point in facts.cultural_map[:_MOST_COUNTRIES]:
        text.append(
            f"Cultural map: {point.country} survival–self-expression {point.survival_self_expression:+.2f}, "
            f"traditional–secular {point.traditional_secular:+.2f}"
        )
        if point.published:
            text.append(f" (published {point.published[0]:+.2f}, {point.published[1]:+.2f})")
        text.append("\n")
    return text


def _questions(questions: tuple[QuestionFacts, ...]) -> Table:
    by_topic: dict[str, list[QuestionFacts]] = defaultdict(list)
    for question in questions:
        by_topic[question.topic].append(question)
    near = sum(question.near for question in questions)
    table = _table(
        f"{len(questions)} target questions ({near} near the items, {len(questions) - near} far)",
        "topic",
        "questions",
        "options",
        "missing at most",
    )
    for topic, asked in by_topic.items():
        worst = max(asked, key=lambda question: sum(question.missing.values()))
        options = Counter(len(question.labels) for question in asked)
        table.add_row(
            topic,
            ", ".join(question.code for question in asked),
            ", ".join(str(number) for number in sorted(options)),
            f"{worst.code}: {missing_text(worst.missing)}" if worst.missing else "none",
        )
    return table
