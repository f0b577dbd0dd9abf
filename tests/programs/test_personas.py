import pytest

from programs.descriptor_writer import Descriptor, DescriptorTable
from programs.personas import CountryRoleplay, NoPersona, PopulationSample, ValuePersonas
from signatures import Profile

TABLE = DescriptorTable(
    tuple(
        Descriptor(item, score, "hedged", f"You feel {word} about {item}.", "test/model")
        for item in ("F063", "A165")
        for score, word in ((1.0, "little"), (2.0, "much"))
    )
)
SAMPLE = PopulationSample(
    "XNA",
    "Northland",
    (Profile(("F063", "A165"), (1.0, 2.0)), Profile(("F063", "A165"), (2.0, 2.0))),
    (0.25, 0.75),
)


def test_value_personas_read_as_intended() -> None:
    first, second = ValuePersonas(TABLE, "values-hedged").build(SAMPLE)
    assert first.text == (
        "This is what is known of you:\n- You feel little about F063.\n- You feel much about A165."
    )
    assert (first.weight, second.weight) == SAMPLE.weights
    assert second.profile == SAMPLE.profiles[1]
    assert "Northland" not in first.text


def test_roleplay_names_the_country_in_ten_neutral_wordings() -> None:
    people = CountryRoleplay().build(SAMPLE)
    assert people[1].text == "You are an average person, born in Northland and living in Northland."
    assert people[9].text == "You are a citizen of the world, born in Northland and living in Northland."
    assert len({p.text for p in people}) == 10
    assert sum(p.weight for p in people) == pytest.approx(1.0)


def test_no_persona_is_told_nothing_of_the_country() -> None:
    people = NoPersona().build(SAMPLE)
    assert people[6].text == "You are a human being."
    assert [p.text for p in people] == [p.text for p in NoPersona().build(PopulationSample("X", "Y", (), ()))]
    assert all("Northland" not in p.text for p in people)


def test_an_answer_without_descriptor_is_an_error_not_a_gap() -> None:
    unknown = PopulationSample("XNA", "Northland", (Profile(("F063",), (3.0,)),), (1.0,))
    with pytest.raises(KeyError):
        ValuePersonas(TABLE, "values-hedged").build(unknown)
