"""Every builder against the text it should give, and what placebos take away."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import item
from value_personas.programs.descriptor_writer import Descriptor, DescriptorTable
from value_personas.programs.personas import (
    Arrangement,
    CountryRoleplay,
    NoPersona,
    Person,
    PersonaSources,
    PopulationSample,
    known_kinds,
    parse_kind,
    persona_builder,
    verbatim_answer,
)
from value_personas.programs.personas.placebos import donors, marginal_sample, mean_sample
from value_personas.signatures import (
    Persona,
    Profile,
    RecipeError,
    Scale,
    ValueItem,
)

ITEMS = (
    ValueItem("F063", "How important God is", Scale(("little", "much"), (1.0, 2.0))),
    ValueItem("A165", "Whether people can be trusted", Scale(("few", "some", "most"), (1.0, 2.0, 3.0))),
)
TABLE = DescriptorTable(
    tuple(
        Descriptor(of.code, score, "hedged", f"You feel {word} about {of.code}{'.' * (w + 1)}", "m", (), w)
        for of in ITEMS
        for score, word in zip(of.scale.scores, of.scale.labels, strict=True)
        for w in range(3)
    )
)
FIRST, SECOND = Profile(("F063", "A165"), (1.0, 2.0)), Profile(("F063", "A165"), (2.0, 3.0))
ANNA: Mapping[str, str | float] = {
    "sex": "woman",
    "age": 34.0,
    "education": "upper secondary school",
    "income": "fifth tenth",
    "marital_status": "married",
    "employment": "self-employed",
    "settlement": "the countryside",
    "religion": "Roman Catholic",
}
TRAITS = {
    "extraversion": 4.0,
    "agreeableness": -1.0,
    "conscientiousness": 0.0,
    "emotional_stability": 2.0,
    "openness": -3.0,
}
SAMPLE = PopulationSample(
    "XNA",
    "Northland",
    (FIRST, SECOND),
    (0.25, 0.75),
    (
        Person(FIRST, 0.25, ANNA, TRAITS, 7),
        Person(SECOND, 0.5, {"sex": "man"}, {"openness": 1.0}, 9),
        Person(SECOND, 0.25, {"sex": "man"}, {"openness": 1.0}, 12),
    ),
)
SOUTH = PopulationSample("XNB", "Southland", (FIRST,), (1.0,), (Person(FIRST, 1.0, {}, {}, 3),))

INTERVIEW = """This is from an interview with you.
Interviewer: Are you a man or a woman?
You: I am a woman.
Interviewer: How old are you?
You: I am 34 years old.
Interviewer: What is the highest level of education that you have reached?
You: Upper secondary school.
Interviewer: Where does the income of your household stand among those of your country?
You: In the fifth tenth.
Interviewer: What is your marital status?
You: I am married.
Interviewer: What is your employment status?
You: I am self-employed.
Interviewer: Where do you live?
You: In the countryside."""
PORTRAIT = (
    "You are a woman. You are 34 years old. Your education: upper secondary school. The income of your "
    "household is in the fifth tenth of those of your country. You are married. As for work, you are "
    "self-employed. You live in the countryside."
)
VALUES = "This is what is known of you:\n- You feel little about F063.\n- You feel some about A165."
HOME = "You are a person, born in Northland and living in Northland."

GOLDEN = {
    "none": "You are an average human being.",
    "country": "You are an average human being, born in Northland and living in Northland.",
    "values-hedged": VALUES,
    "values-verbatim": (
        "You gave these answers in a survey:\nQuestion: How important God is\nAnswer: little\n"
        "Question: Whether people can be trusted\nAnswer: some"
    ),
    "demographic": INTERVIEW,
    "demographic-religion": (
        INTERVIEW
        + "\nInterviewer: Which religious denomination do you belong to, if any?\nYou: Roman Catholic."
    ),
    "demographic-portrait": PORTRAIT,
    "demographic-religion-portrait": PORTRAIT + " Your religious denomination: Roman Catholic.",
    "demographic+country": HOME + "\n" + INTERVIEW,
    "personality": (
        "You are very outgoing and sociable, somewhat inclined to find fault with others, neither inclined "
        "to be lazy nor thorough in your work, somewhat relaxed under stress and very little drawn to art."
    ),
    "values+country": HOME + "\n" + VALUES,
    "values+demographic": INTERVIEW + "\n" + VALUES,
    "shuffled": VALUES,
    "mean-profile": "This is what is known of you:\n- You feel much about F063.\n- You feel most about A165.",
}


def sources(arrangement: Arrangement | None = None) -> PersonaSources:
    unhedged = DescriptorTable(
        tuple(Descriptor(d.item, d.score, "unhedged", "Blunt.", "m") for d in TABLE.descriptors)
    )
    return PersonaSources(
        ITEMS,
        {"hedged": TABLE, "unhedged": unhedged},
        {"XNA": SAMPLE, "XNB": SOUTH},
        arrangement or Arrangement(),
    )


def build(kind: str, arrangement: Arrangement | None = None) -> tuple[Persona, ...]:
    return persona_builder(kind, sources(arrangement)).build(SAMPLE)


@pytest.mark.parametrize("kind", GOLDEN)
def test_every_kind_reads_as_intended(kind: str) -> None:
    assert build(kind)[0].text == GOLDEN[kind]


@pytest.mark.parametrize("kind", known_kinds())
def test_every_kind_bears_its_name_and_its_whole_country(kind: str) -> None:
    people = build(kind)
    assert {p.kind for p in people} == {kind}
    assert {p.country for p in people} == {"XNA"}
    assert sum(p.weight for p in people) == pytest.approx(1.0)


def test_no_hedge_is_another_name_of_unhedged() -> None:
    assert [p.text for p in build("values-no-hedge")] == [p.text for p in build("values-unhedged")]
    assert "- Blunt." in build("values-unhedged")[0].text


def test_no_kind_without_the_country_names_it() -> None:
    for kind in known_kinds():
        named = any("Northland" in p.text for p in build(kind))
        assert named == parse_kind(kind).names_country


def test_persons_of_whom_the_same_is_known_share_a_persona() -> None:
    assert [(p.text, p.weight) for p in build("demographic-portrait")][1] == ("You are a man.", 0.75)


def test_every_kind_is_built_of_the_same_draws() -> None:
    """Weights by profile are those of the sample, whatever else is stated."""
    for kind in ("values-hedged", "values-verbatim", "values+country", "values+demographic"):
        weights: dict[Profile | None, float] = {}
        for persona in build(kind):
            weights[persona.profile] = weights.get(persona.profile, 0.0) + persona.weight
        assert weights == {FIRST: 0.25, SECOND: 0.75}


def test_roleplay_names_the_country_in_ten_neutral_wordings() -> None:
    people = CountryRoleplay().build(SAMPLE)
    assert people[1].text == "You are an average person, born in Northland and living in Northland."
    assert people[9].text == "You are a citizen of the world, born in Northland and living in Northland."
    assert len({p.text for p in people}) == 10


def test_no_persona_is_told_nothing_of_the_country() -> None:
    people = NoPersona().build(SAMPLE)
    assert [p.text for p in people] == [p.text for p in NoPersona().build(PopulationSample("X", "Y", (), ()))]


def test_an_answer_without_descriptor_is_an_error_not_a_gap() -> None:
    unknown = PopulationSample("XNA", "Northland", (Profile(("F063",), (3.0,)),), (1.0,))
    with pytest.raises(KeyError):
        persona_builder("values-hedged", sources()).build(unknown)


def test_a_bare_number_is_told_with_the_ends_of_its_scale() -> None:
    assert verbatim_answer(item(), 7.0) == (
        "7, on a scale from “1 – never justifiable” to “10 – always justifiable”"
    )
    assert verbatim_answer(item(), 10.0) == "10 – always justifiable"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("valuez", "did you mean values"),
        ("country+country", "unknown persona kind"),
        ("demographic-portrait-interview", "unknown persona kind"),
        ("values-hedged+shuffled", "unknown persona kind"),
        ("marginal+demographic", "belong to nobody"),
        ("none+country", "unknown persona kind"),
        ("", "unknown persona kind"),
    ],
)
def test_kinds_that_mean_nothing_are_refused(name: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        parse_kind(name)


def test_facts_of_nobody_are_refused() -> None:
    nobody = PopulationSample("XNA", "Northland", (FIRST,), (1.0,))
    with pytest.raises(RecipeError, match="no facts are known of the draws of XNA"):
        persona_builder("demographic", sources()).build(nobody)


# --- order and wordings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("instrument", ("F063", "A165")),
        ("reversed", ("A165", "F063")),
        (("A165", "F063", "Y003"), ("A165", "F063")),
    ],
)
def test_items_are_stated_in_the_order_asked_for(order: object, expected: tuple[str, ...]) -> None:
    persona = build("values-hedged", Arrangement(order))[0]  # type: ignore[arg-type]
    assert persona.order == expected
    lines = persona.text.splitlines()[1:]
    assert [line.split()[-1].rstrip(".") for line in lines] == list(expected)


def test_both_orders_share_everything_but_the_order() -> None:
    people = build("values-hedged", Arrangement("both", wordings=3, replicates=2))
    assert [p.replicate for p in people] == [0, 1, 0, 1]
    assert [p.weight for p in people] == [0.125, 0.125, 0.375, 0.375]
    forward, backward = people[:2]
    assert forward.text.splitlines()[1:] == backward.text.splitlines()[:0:-1]


def test_an_item_that_the_order_does_not_name_is_refused() -> None:
    with pytest.raises(RecipeError, match="item F063 is not listed"):
        build("values-hedged", Arrangement(("A165",)))


def test_wordings_are_drawn_by_seed_and_used_evenly() -> None:
    of = tuple(Profile(("F063", "A165"), (float(1 + i % 2), float(1 + i % 3))) for i in range(6))
    many = PopulationSample("XNA", "Northland", of, (1 / 6,) * 6)
    arrangement = Arrangement(wordings=3, replicates=200, seed=5)
    people = persona_builder("values", sources(arrangement)).build(many)
    drawn = np.array([p.wordings for p in people])
    counts = np.stack([np.bincount(column, minlength=3) for column in drawn.T])
    expected = len(people) / 3
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all()
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 5 / np.sqrt(len(people))
    assert people == persona_builder("values", sources(arrangement)).build(many)
    texts = dict(zip(people[0].order, people[0].wordings, strict=True))
    assert people[0].text.splitlines()[1].endswith("." * (texts["F063"] + 1))


def test_verbatim_answers_have_one_wording() -> None:
    assert len(build("values-verbatim", Arrangement(wordings=3, replicates=2))) == 2


# --- placebos ----------------------------------------------------------------------------------------------


def test_shuffled_takes_another_countrys_profiles_and_their_weights() -> None:
    (persona,) = build("shuffled")
    assert (persona.country, persona.weight, persona.profile) == ("XNA", 1.0, FIRST)


@given(st.integers(2, 40), st.integers(0, 2**32))
def test_no_country_is_its_own_donor(n: int, seed: int) -> None:
    countries = [f"C{i}" for i in range(n)]
    donor = donors(countries, seed)
    assert sorted(donor) == sorted(donor.values()) == sorted(countries)
    assert all(country != other for country, other in donor.items())


def test_one_country_has_no_donor() -> None:
    with pytest.raises(RecipeError, match="only one"):
        donors(["XNA"], 0)


def correlated(n: int) -> PopulationSample:
    """Half answer low, half high, on both items alike; one in ten leaves out the second item."""
    people = []
    for i in range(n):
        high = i % 2
        answers: tuple[float, ...] = (1.0 + high, 1.0 + 2 * high)
        people.append(
            Person(Profile(("F063", "A165")[: 2 - (i % 10 == 0)], answers[: 2 - (i % 10 == 0)]), 1 / n)
        )
    return PopulationSample("XNA", "Northland", (), (), tuple(people))


def test_marginal_keeps_every_items_answers_and_destroys_their_joint_distribution() -> None:
    before, after = correlated(400), marginal_sample(correlated(400), seed=3)
    told = [p.profile.as_dict() for p in before.people]
    shares = {profile: round(400 * w) for profile, w in zip(after.profiles, after.weights, strict=True)}
    dealt = [profile.as_dict() for profile, n in shares.items() for _ in range(n)]
    for code in ("F063", "A165"):
        as_drawn = sorted(answers.get(code, -1.0) for answers in told)
        assert sorted(answers.get(code, -1.0) for answers in dealt) == as_drawn
    both = np.array([[a["F063"], a["A165"]] for a in dealt if len(a) == 2])
    assert abs(np.corrcoef(both.T)[0, 1]) < 0.2


def test_marginal_follows_unequal_weights() -> None:
    people = (Person(FIRST, 0.8), *(Person(SECOND, 0.2 / 99) for _ in range(99)))
    dealt = marginal_sample(PopulationSample("XNA", "N", (), (), people), seed=0)
    low = sum(w for p, w in zip(dealt.profiles, dealt.weights, strict=True) if p.as_dict()["F063"] == 1.0)
    assert low == pytest.approx(0.8, abs=0.011)


def test_the_mean_profile_is_the_answer_nearest_to_each_weighted_mean() -> None:
    third = Profile(("A165",), (1.0,))
    sample = PopulationSample("XNA", "N", (FIRST, SECOND, third), (0.25, 0.25, 0.5))
    mean = mean_sample(sample, ITEMS)
    assert mean.weights == (1.0,)
    # F063: (1 + 2) / 2 = 1.5 among those who answered, a tie that goes to the first; A165: 1.75 → 2
    assert mean.profiles == (Profile(("F063", "A165"), (1.0, 2.0)),)


def test_of_partial_profiles_equal_ones_are_one() -> None:
    told = SAMPLE.only({"F063", "no such item"})
    assert [p.as_dict() for p in told.profiles] == [{"F063": 1.0}, {"F063": 2.0}]
    same = PopulationSample("X", "X", (FIRST, SECOND, FIRST), (0.25, 0.5, 0.25)).only({"A165"})
    assert (same.profiles, same.weights) == (
        (Profile(("A165",), (2.0,)), Profile(("A165",), (3.0,))),
        (0.5, 0.5),
    )
    assert [(p.respondent, p.profile) for p in told.people] == [
        (7, Profile(("F063",), (1.0,))),
        (9, Profile(("F063",), (2.0,))),
        (12, Profile(("F063",), (2.0,))),
    ]


@pytest.mark.parametrize("kind", ["values-hedged", "values-verbatim"])
def test_who_is_told_nothing_of_is_a_person(kind: str) -> None:
    nothing = SAMPLE.only(())
    (only,) = persona_builder(kind, PersonaSources(ITEMS, {"hedged": TABLE}, {"XNA": nothing})).build(nothing)
    assert (only.text, only.weight) == ("You are a person.", 1.0)
