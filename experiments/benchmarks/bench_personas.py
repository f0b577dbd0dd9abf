"""How long ten thousand personas of each kind take to build, beside joining as many texts of their length.

    python -m value_personas.experiments.benchmarks.bench_personas [--personas 10000]

Nothing is asked: descriptors are dummies. The yardstick writes the same number of ten-line texts by plain
string joining in the same process.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from value_personas import data
from value_personas.programs import (
    Arrangement,
    Descriptor,
    DescriptorTable,
    Person,
    PersonaSources,
    PopulationSample,
    Variant,
    persona_builder,
)
from value_personas.programs.personas import PERSONALITY_TRAITS, known_kinds
from value_personas.signatures import Profile, ValueItem

_TEXT = "You hold this view to a middling degree, whatever it is about. It tells nothing further about you."


def main() -> None:
    """Print a line for each kind."""
    parser = argparse.ArgumentParser(description="Time the building of personas.")
    parser.add_argument("--personas", type=int, default=10_000)
    n = parser.parse_args().personas
    items = data.load_instrument("inglehart-welzel").items
    samples = {country: _sample(items, n, country) for country in ("XNA", "XNB")}
    tables = {variant: _table(items, variant) for variant in ("hedged", "unhedged")}
    joining = _seconds(lambda: ["\n".join(f"- {_TEXT}" for _ in items) for _ in range(n)])
    print(f"yardstick: {n:,} texts joined in {joining:.3f} s")
    for wordings, order in ((1, "instrument"), (3, "shuffled")):
        arrangement = Arrangement(order, wordings)  # type: ignore[arg-type]
        sources = PersonaSources(items, tables, samples, arrangement)  # type: ignore[arg-type]
        print(f"{wordings} wording{'s' if wordings > 1 else ''}, order {order}:")
        for kind in known_kinds():
            builder = persona_builder(kind, sources)
            taken = _seconds(lambda builder=builder: builder.build(samples["XNA"]))  # type: ignore[misc]
            print(f"  {kind:<30} {taken:6.3f} s   {taken / joining:5.1f} × yardstick")


def _seconds(job: Callable[[], object]) -> float:
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


def _sample(items: tuple[ValueItem, ...], n: int, country: str) -> PopulationSample:
    """N different respondents: every profile is another one, the worst case."""
    rng = np.random.default_rng(0)
    codes = tuple(item.code for item in items)
    answers = np.column_stack([rng.choice(item.scale.values, size=n) for item in items])
    facts = {
        "sex": "woman",
        "education": "primary school",
        "income": "fifth tenth",
        "marital_status": "married",
        "employment": "self-employed",
        "settlement": "the countryside",
        "religion": "Buddhist",
    }
    people = tuple(
        Person(
            Profile(codes, tuple(row)),
            1.0 / n,
            {**facts, "age": float(age)},
            dict(zip(PERSONALITY_TRAITS, traits, strict=True)),
            i,
        )
        for i, (row, age, traits) in enumerate(
            zip(answers.tolist(), rng.integers(18, 90, n), rng.integers(-4, 5, (n, 5)).tolist(), strict=True)
        )
    )
    profiles = tuple(person.profile for person in people)
    return PopulationSample(country, country, profiles, (1.0 / n,) * n, people)


def _table(items: tuple[ValueItem, ...], variant: Variant) -> DescriptorTable:
    return DescriptorTable(
        tuple(
            Descriptor(item.code, score, variant, f"{_TEXT} ({wording})", "benchmark", (), wording)
            for item in items
            for score in item.scale.scores
            for wording in range(3)
        )
    )


if __name__ == "__main__":
    main()
