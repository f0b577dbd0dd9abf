"""Who is drawn, and what is known of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from value_personas import Recipe, data, load_recipe, run
from value_personas.data.synthetic import Causes, write_synthetic_survey
from value_personas.experiments.fieldwork.asking import build_personas
from value_personas.experiments.fieldwork.leaks import check_leaks
from value_personas.experiments.fieldwork.preparing import Asking
from value_personas.experiments.fieldwork.sample import Populations, draw_populations
from value_personas.programs import Arrangement
from value_personas.programs.descriptor_writer import Descriptor, DescriptorTable
from value_personas.programs.personas import PERSONALITY_TRAITS, known_kinds, parse_kind
from value_personas.signatures import LeakError, RecipeError, ValueItem


def add_columns(path: Path, columns: pd.DataFrame) -> None:
    """Write further columns into a synthetic survey."""
    frame, meta = pyreadstat.read_sav(path, user_missing=True)
    pyreadstat.write_sav(
        pd.concat([frame, columns], axis=1), path, variable_value_labels=meta.variable_value_labels
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two countries, whose people also tell sex, age (sometimes) and religion."""
    path = tmp_path_factory.mktemp("survey") / "s.sav"
    who = Causes(demographics=0.0)
    write_synthetic_survey(
        path, seed=2, respondents_per_country=60, countries=2, questions=["Q29"], causes=who
    )
    rng = np.random.default_rng(0)
    age = np.where(rng.random(120) < 0.2, -1.0, rng.integers(18, 90, 120))
    sex, religion = rng.integers(1, 3, 120), rng.integers(0, 10, 120)
    add_columns(path, pd.DataFrame({"Q260": sex.astype(float), "Q262": age, "Q289": religion.astype(float)}))
    return path


@pytest.fixture(scope="module")
def survey(path: Path) -> data.Survey:
    return data.read_survey(path)


@pytest.fixture(scope="module")
def profiles(survey: data.Survey) -> data.ProfileTable:
    return data.value_profiles(survey)


def recipe(*settings: str) -> Recipe:
    return load_recipe(None, ["profiles.n=20", *settings])


def kinds(*names: str) -> str:
    return f"personas={list(names)!r}".replace("'", '"')


def populations_of(recipe: Recipe, survey: data.Survey, profiles: data.ProfileTable) -> Populations:
    sections = recipe.profiles, recipe.persona_text, recipe.personality
    return draw_populations(*sections, recipe.seed, recipe.personas, survey, profiles)


def leaks_of(recipe: Recipe, survey: data.Survey, items: tuple[ValueItem, ...]) -> tuple[str, ...]:
    return check_leaks(recipe.personas, survey, items, allowed=recipe.allow_leak)


def test_every_draw_carries_its_own_respondents_facts(
    survey: data.Survey, profiles: data.ProfileTable
) -> None:
    drawn = populations_of(recipe(kinds("demographic-religion")), survey, profiles)
    for sample in drawn.samples:
        assert sum(person.weight for person in sample.people) == pytest.approx(1.0)
        for person in sample.people:
            row = survey.demographics.loc[person.respondent]
            assert person.facts["sex"] == row["sex"]
            assert person.facts.get("age", "unknown") == (row["age"] if row["age"] > 0 else "unknown")
            answers = profiles.frame.loc[person.respondent].dropna().to_dict()
            assert person.profile.as_dict() == answers
    assert any("age" not in p.facts for s in drawn.samples for p in s.people)
    assert "not stated: education" in drawn.notes[0]


def test_the_same_seed_draws_the_same_respondents_for_every_kind(
    survey: data.Survey, profiles: data.ProfileTable
) -> None:
    def respondents(*names: str, seed: int = 0) -> list[list[int | None]]:
        samples = populations_of(recipe(kinds(*names), f"seed={seed}"), survey, profiles).samples
        return [[person.respondent for person in sample.people] for sample in samples]

    for kind in set(known_kinds()) - {"personality"}:
        assert respondents(kind) == respondents("values-hedged")
    assert respondents("values-hedged", seed=1) != respondents("values-hedged")


def test_every_kind_of_one_run_is_built_from_one_sample(
    survey: data.Survey, profiles: data.ProfileTable
) -> None:
    asked = recipe(kinds(*(k for k in known_kinds() if k != "personality")))
    drawn = populations_of(asked, survey, profiles)
    told = (drawn.samples, drawn.items, survey.questions, (), Arrangement(), None, None)
    ways = (asked.descriptors, asked.writer, asked.respondent)
    asking = Asking(*told, asked.personas, (), asked.profiles.instrument, *ways)
    table = DescriptorTable(
        tuple(
            Descriptor(item.code, score, "hedged", f"{item.code} {score:g}.", "m")
            for item in profiles.items
            for score in item.scale.scores
        )
    )
    built = build_personas(asked.personas, asking, {"hedged": table, "unhedged": table})
    assert list(built) == list(asked.personas)
    for kind, personas in built.items():
        codes = survey.countries
        weight = {code: sum(p.weight for p in personas if p.country == code) for code in codes}
        assert weight == pytest.approx(dict.fromkeys(codes, 1.0))
        if parse_kind(kind).population == "own" and parse_kind(kind).states_values:
            for sample in asking.samples:
                shares: dict[object, float] = {}
                for persona in personas:
                    if persona.country == sample.country:
                        shares[persona.profile] = shares.get(persona.profile, 0.0) + persona.weight
                assert shares == pytest.approx(dict(zip(sample.profiles, sample.weights, strict=True)))


def test_facts_that_no_survey_knows_are_refused(survey: data.Survey, profiles: data.ProfileTable) -> None:
    unknown = recipe(kinds("demographic"), 'persona_text.demographics=["income"]')
    with pytest.raises(RecipeError, match="knows none of income"):
        populations_of(unknown, survey, profiles)
    with pytest.raises(RecipeError, match="unknown fact 'shoe_size'"):
        recipe('persona_text.demographics=["shoe_size"]')


def test_without_an_inventory_personality_needs_another_wave(
    survey: data.Survey, profiles: data.ProfileTable
) -> None:
    with pytest.raises(RecipeError, match=r"personality\.path"):
        populations_of(recipe(kinds("personality")), survey, profiles)


@pytest.fixture(scope="module")
def earlier_wave(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wave with the inventory: people of XNA are all outgoing, those of XNC all reserved."""
    path = tmp_path_factory.mktemp("wave6") / "w6.sav"
    n = 40
    letters = {f"V160{letter}": np.full(2 * n, 3.0) for letter in "ABCDEFGHIJ"}
    letters["V160F"] = np.repeat([5.0, 1.0], n)
    letters["V160A"] = np.repeat([1.0, 5.0], n)
    letters["V160C"][::2] = -2.0
    design = {
        "B_COUNTRY_ALPHA": np.repeat(["XNA", "XNC"], n),
        "V2": np.repeat([900.0, 902.0], n),
        "V258": np.ones(2 * n),
        "V10": np.ones(2 * n),
    }
    pyreadstat.write_sav(pd.DataFrame(design | letters), path)
    return path


def test_traits_of_another_wave_are_drawn_by_country_and_the_record_says_so(
    survey: data.Survey, profiles: data.ProfileTable, earlier_wave: Path
) -> None:
    there = recipe(kinds("personality"), f"personality.path={earlier_wave}", "personality.codebook=wvs6")
    drawn = populations_of(there, survey, profiles)
    known = set(data.read_survey(earlier_wave, "wvs6").countries)
    assert known == set(survey.countries)
    for sample in drawn.samples:
        assert all(set(person.traits) == set(PERSONALITY_TRAITS) for person in sample.people)
        expected = 4.0 if sample.country == survey.countries[0] else -4.0
        assert {person.traits["extraversion"] for person in sample.people} == {expected}
    assert "another survey" in drawn.notes[-1]
    assert drawn == populations_of(there, survey, profiles)


# --- leaks -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def codebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A codebook of one's own that asks the importance of God as if it were a target."""
    shipped = Path(data.__file__).parent / "codebooks" / "wvs7.toml"
    text = shipped.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("Q29 ="))
    own = tmp_path_factory.mktemp("codebook") / "own.toml"
    own.write_text(text.replace(line, line.replace("D059", "F063")), encoding="utf-8")
    return own


@pytest.fixture(scope="module")
def leaky(codebook: Path, path: Path) -> data.Survey:
    return data.read_survey(path, codebook=str(codebook))


def test_a_target_that_personas_state_is_refused(leaky: data.Survey) -> None:
    profiles = data.value_profiles(leaky)
    with pytest.raises(LeakError, match="Q29 is F063 or a component of it"):
        leaks_of(recipe(kinds("values-hedged")), leaky, profiles.items)
    assert leaks_of(recipe(kinds("none", "country", "demographic")), leaky, profiles.items) == ()


def test_a_leak_that_is_allowed_is_returned(leaky: data.Survey) -> None:
    found = leaks_of(recipe(kinds("marginal"), "allow_leak=true"), leaky, data.value_profiles(leaky).items)
    assert found == ("Q29 is F063 or a component of it",)


def test_the_shipped_codebook_has_no_leak(survey: data.Survey, profiles: data.ProfileTable) -> None:
    assert leaks_of(recipe(kinds("values+demographic")), survey, profiles.items) == ()


def test_an_allowed_leak_is_the_first_thing_a_result_says(codebook: Path, path: Path, tmp_path: Path) -> None:
    settings = [f"workspace={tmp_path}", f"survey.path={path}", f"survey.codebook={codebook}"]
    settings += ["profiles.n=3", 'questions.include=["Q29"]', "scoring.draws=100", "scoring.floor_draws=20"]
    result = run(load_recipe(None, [*settings, kinds("values-verbatim"), "allow_leak=true"]))
    assert result.title.startswith("LEAK ALLOWED: Q29 is F063 or a component of it")
    assert result.leaks == ("Q29 is F063 or a component of it",)


def test_shuffling_one_country_is_refused_before_anything_is_asked(path: Path) -> None:
    alone = data.read_survey(path, countries=["XNA"])
    with pytest.raises(RecipeError, match="personas shuffled: needs the profiles of another country"):
        populations_of(recipe(kinds("shuffled")), alone, data.value_profiles(alone))
