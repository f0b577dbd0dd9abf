"""What an instruction asks for, what comes of it, and that what is not asked for goes wrong smoothly."""

from dataclasses import asdict
from functools import cache

import numpy as np
import pytest

from tests.programs.engines.synthetic.prompts import ITEMS
from value_personas.programs.descriptor_writer import violations
from value_personas.programs.engines.synthetic.heeding import Heeded, clauses, read_instruction
from value_personas.programs.engines.synthetic.prompts import DescriptorTask
from value_personas.programs.engines.synthetic.reading import read_description
from value_personas.programs.engines.synthetic.writing import write_descriptor
from value_personas.signatures import HedgedDescriptor, UnhedgedDescriptor

SHIPPED = str(HedgedDescriptor.instructions)
BARE = "Describe one attitude of a person."
FEATURES = tuple(name for name in clauses() if name != "idle")


def asking(*features: str, idle: int = 0) -> str:
    """A bare instruction that asks for some things, and says some that nobody heeds."""
    said = [sentence for name in features for sentence in clauses()[name]]
    return " ".join([BARE, *said, *(clauses()["idle"] * 9)[:idle]])


@pytest.mark.parametrize("feature", FEATURES)
def test_each_feature_is_heard_in_its_own_clauses_and_in_no_other_s(feature: str) -> None:
    heard = {name: asdict(read_instruction(asking(name)))[feature] for name in FEATURES}
    assert heard[feature] == 1.0
    others = {name: share for name, share in heard.items() if name != feature}
    assert max(others.values()) <= 0.5, others
    assert asdict(read_instruction(BARE))[feature] == 0.0


def test_the_shipped_instructions_ask_for_everything_but_what_sets_them_apart() -> None:
    assert read_instruction(SHIPPED) == Heeded(1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    assert read_instruction(str(UnhedgedDescriptor.instructions)) == Heeded(0.0, 1.0, 1.0, 1.0, 1.0, 1.0)


def test_fields_around_the_instruction_are_no_part_of_it() -> None:
    prompt = f"Your input fields are: neighbours, which must not be mistaken. \n your objective is: {BARE}"
    assert read_instruction(prompt) == read_instruction(BARE)


def test_the_longer_an_instruction_the_less_of_it_is_heeded_without_a_jump() -> None:
    heed = [read_instruction(f"{SHIPPED} {'word ' * n}").hedge for n in range(0, 400, 10)]
    assert heed[0] == heed[3] == 1.0
    assert heed == sorted(heed, reverse=True)
    assert max(np.abs(np.diff(heed))) < 0.1
    assert heed[-1] < 0.01


@cache
def written(instruction: str, carelessness: float = 1.0, examples: tuple[str, ...] = ()) -> tuple[float, ...]:
    """Of all descriptors at many seeds: mean error of position, shares hedged, shares that break a rule."""
    errors, hedged, broken = [], [], []
    for item in ITEMS.values():
        labels = item.scale.labels
        for position, label in enumerate(labels):
            for seed in range(25):
                task = DescriptorTask(item.text, labels, label, "you", instruction, examples)
                text = write_descriptor(task, seed, carelessness)
                (said,) = read_description(text).statements
                errors.append(abs(said.position - position / (len(labels) - 1)))
                hedged.append(said.hedged)
                broken.append(bool(violations(text, item, ("Sweden", "Japan", "Nigeria", "Mexico"), "you")))
    return float(np.mean(errors)), float(np.mean(hedged)), float(np.mean(broken))


def test_the_shipped_prompts_are_carried_out_to_the_letter_and_a_careful_writer_needs_none() -> None:
    assert written(SHIPPED) == pytest.approx((0.0, 1.0, 0.0), abs=1e-12)
    assert written(str(UnhedgedDescriptor.instructions)) == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)
    assert written(BARE, 0.0) == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)


def test_a_hedge_is_written_as_often_as_it_is_asked_for() -> None:
    shares = [written(asking(*("hedge",) * n) if n else BARE)[1] for n in (0, 1)]
    once = written(f"{BARE} Say nothing else.")[1]
    assert shares[0] == 0.0
    assert 0.2 < once < 0.8
    assert shares[1] > 0.85  # but where a country's name takes its place
    assert written(asking("hedge", "countries"))[1] == 1.0


def test_an_answer_is_told_exactly_by_contrast_together_with_concreteness() -> None:
    bare, contrast, concrete, both = (
        written(asking("numbers", "address", *more))[0]
        for more in ((), ("contrast",), ("concreteness",), ("contrast", "concreteness"))
    )
    assert bare > contrast > both == pytest.approx(0.0, abs=1e-12)
    assert concrete > 0.5 * bare
    assert bare - both > (bare - contrast) + (bare - concrete)  # more than each by itself
    assert written(asking("numbers", "address", "hedge"))[0] > bare  # a hedge without contrast overstates


def test_concreteness_tempts_to_what_is_not_forbidden() -> None:
    assert written(asking("concreteness"))[2] > 1.5 * written(BARE)[2] > 0.0
    one, two = (written(asking("concreteness", *f))[2] for f in (("numbers",), ("numbers", "countries")))
    assert written(asking("concreteness"))[2] > one > two == 0.0


def test_who_speaks_to_nobody_tells_two_degrees_only() -> None:
    exact = ("contrast", "concreteness", "numbers", "countries")
    assert written(asking(*exact))[0] > 0.04
    assert written(asking(*exact, "address"))[0] == pytest.approx(0.0, abs=1e-12)


def test_an_over_long_prompt_loses_what_it_asks_for() -> None:
    errors = [written(asking(*FEATURES, idle=idle))[0] for idle in (0, 2, 4, 8)]
    assert errors[0] < errors[1] < errors[2] < errors[3]


def test_how_careless_a_writer_is_is_a_degree() -> None:
    errors = [written(BARE, carelessness)[0] for carelessness in (0.0, 0.5, 1.0)]
    assert errors[0] < errors[1] < errors[2]


def test_demonstrations_show_what_is_not_said() -> None:
    god = ITEMS["F063"]
    task = DescriptorTask(god.text, god.scale.labels, god.scale.labels[1], "you", SHIPPED)
    shown = tuple(write_descriptor(task, seed) for seed in range(4))
    told, alone = written(BARE, examples=shown), written(BARE)
    assert told[0] < alone[0]
    assert told[1] > 0.7 > alone[1] == 0.0
