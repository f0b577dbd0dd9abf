"""The descriptors that come with the product keep every rule that a writer's must."""

import pytest

from value_personas import data
from value_personas.programs.descriptor_writer import violations

ITEMS = data.load_instrument("inglehart-welzel").items
COUNTRIES = tuple(point.country for point in data.published_map().values())


def test_every_answer_is_described_in_both_variants_and_addresses() -> None:
    texts = data.reference_descriptors()
    answers = [(item.code, score) for item in ITEMS for score in item.scale.scores]
    assert len(answers) == 54
    expected = {(a, v, *cell) for a in ("you", "I") for v in ("hedged", "unhedged") for cell in answers}
    assert set(texts) == expected
    assert len(texts) == 54 * 2 * 2 == len(set(texts.values()))


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.code)
def test_they_keep_the_rules(item: data.Instrument) -> None:
    for (address, variant, code, score), text in data.reference_descriptors().items():
        if code == item.code:
            assert violations(text, item, COUNTRIES, address) == (), (address, variant, score, text)  # type: ignore[arg-type]
            assert "survey" not in text.lower()


def test_a_hedged_one_is_the_unhedged_one_and_its_limit() -> None:
    texts = data.reference_descriptors()
    for (address, variant, code, score), text in texts.items():
        if variant == "hedged":
            core = texts[address, "unhedged", code, score]
            assert text.startswith(f"{core} This ")
