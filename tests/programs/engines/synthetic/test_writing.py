"""What the synthetic respondent writes it reads back exactly."""

import re

import pytest

from tests.programs.engines.synthetic.prompts import ITEMS, descriptor
from value_personas.data.synthetic import load_world
from value_personas.programs.descriptor_writer import violations
from value_personas.programs.engines.synthetic import SyntheticRespondent
from value_personas.programs.engines.synthetic.lexicon import load_lexicon
from value_personas.programs.engines.synthetic.prompts import DescriptorTask
from value_personas.programs.engines.synthetic.reading import read_description
from value_personas.programs.engines.synthetic.writing import write_descriptor
from value_personas.signatures import HedgedDescriptor, UnhedgedDescriptor

ENGINE = SyntheticRespondent()
NAMES = [home.name for home in load_world().countries.values()]


@pytest.mark.parametrize("address", ["you", "I"])
@pytest.mark.parametrize("hedged", [True, False])
@pytest.mark.parametrize("code", list(ITEMS))
def test_every_answer_is_described_within_the_rules_and_read_back_to_the_digit(
    code: str, hedged: bool, address: str
) -> None:
    item = ITEMS[code]
    for position in range(len(item.scale)):
        for seed in range(12):
            text = descriptor(ENGINE, item, position, hedged=hedged, address=address, seed=seed)
            (statement,) = read_description(text).statements
            assert statement.item == code
            assert statement.position == pytest.approx(position / (len(item.scale) - 1), abs=1e-12)
            assert statement.hedged is hedged
            assert violations(text, item, NAMES) == ()


def test_the_answers_of_an_item_are_told_apart_in_every_wording() -> None:
    for item in ITEMS.values():
        texts = {descriptor(ENGINE, item, position, seed=4) for position in range(len(item.scale))}
        assert len(texts) == len(item.scale)


def test_the_seed_varies_the_wording() -> None:
    assert len({descriptor(ENGINE, ITEMS["F063"], 9, seed=seed) for seed in range(20)}) > 3


def test_the_first_person_is_used_throughout_when_asked_for() -> None:
    for item in ITEMS.values():
        for seed in range(6):
            text = descriptor(ENGINE, item, 0, hedged=False, address="I", seed=seed)
            assert re.search(r"\b(I|my|me)\b", text, re.IGNORECASE)
            assert not re.search(r"\byou", text, re.IGNORECASE)


def test_an_unhedged_descriptor_invites_inference() -> None:
    assert "deeply traditional person" in descriptor(ENGINE, ITEMS["F063"], 9, hedged=False)
    assert "thoroughly modern person" in descriptor(ENGINE, ITEMS["F120"], 9, hedged=False)
    assert "person" not in descriptor(ENGINE, ITEMS["F120"], 9, hedged=True)


def hedges(instruction: str) -> bool:
    task = DescriptorTask("How important God is in your life", ("1 – low", "2"), "2", "you", instruction)
    (statement,) = read_description(write_descriptor(task, seed=0)).statements
    return statement.hedged


@pytest.mark.parametrize(
    "instruction",
    [
        str(HedgedDescriptor.instructions),
        "Describe the attitude. Do not suggest anything beyond the answer.",
        "The reader must not be able to infer anything else about the person.",
        "Imply nothing more than the stated answer.",
        "Write one sentence from which no further conclusions can be drawn; avoid unintended inferences.",
        "State the attitude without hinting at other opinions.",
        "Make clear that it says nothing about other matters.",
        "Convey the attitude, and nothing else.",
    ],
)
def test_a_demand_to_imply_nothing_else_is_understood_in_many_wordings(instruction: str) -> None:
    assert hedges(instruction)


@pytest.mark.parametrize(
    "instruction",
    [
        str(UnhedgedDescriptor.instructions),
        "Describe the person vividly in two sentences.",
        "Lead the reader to exactly this answer. Do not mention a number, a survey or a country.",
        "Bring the person to life; the reader should see who they are.",
    ],
)
def test_no_hedge_is_written_where_none_is_asked_for(instruction: str) -> None:
    assert not hedges(instruction)


def test_an_item_with_its_options_reversed_is_described_by_what_the_options_say() -> None:
    labels = ITEMS["G006"].scale.labels
    task = DescriptorTask(ITEMS["G006"].text, labels[::-1], "very proud", "you", "")
    (statement,) = read_description(write_descriptor(task, seed=1)).statements
    assert statement.position == 0.0  # the code of "very proud" is the lowest


def test_an_unknown_item_is_described_by_the_answer_s_own_words() -> None:
    task = DescriptorTask(
        "How often you take the bus", ("often", "{never}"), "{never}", "I", "imply nothing else"
    )
    text = write_descriptor(task, seed=0)
    assert text.startswith("I hold this view: {never}.")
    assert read_description(text).statements == ()


def test_degrees_are_one_to_one_and_rise() -> None:
    written = load_lexicon().written_degrees
    assert len({phrase for _, phrase in written}) == len(written) >= 10
    assert [position for position, _ in written] == sorted({position for position, _ in written})
