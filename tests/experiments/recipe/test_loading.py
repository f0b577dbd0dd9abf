from pathlib import Path

import pytest

from value_personas.experiments.recipe.loading import load_recipe, shipped_recipes, varied
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.signatures import RecipeError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_every_shipped_recipe_is_valid(name: str) -> None:
    assert load_recipe(name).name


def test_the_quickstart_is_the_default() -> None:
    assert load_recipe() == load_recipe("quickstart")


def test_overrides_win_and_are_typed() -> None:
    recipe = load_recipe(
        None,
        [
            "profiles.n=7",
            "respondent.lm=openai/my-model",
            "respondent.base_url=http://127.0.0.1:8000/v1",
            'personas=["country"]',
            "respondent.elicitation.mode=sampled",
        ],
    )
    assert recipe.profiles.n == 7
    assert recipe.respondent.lm == "openai/my-model"
    assert recipe.personas == ("country",)
    assert recipe.respondent.elicitation.mode == "sampled"


def test_a_setting_can_be_taken_away(tmp_path: Path) -> None:
    own = write(tmp_path, 'extends = "quickstart"\n[scoring]\ngap_reference = "XNA"\n[profiles]\nn = 7\n')
    assert load_recipe(own).scoring.gap_reference == "XNA"
    recipe = load_recipe(own, ["scoring.gap_reference=", "profiles.n=", "personality.path="])
    assert (recipe.scoring.gap_reference, recipe.profiles.n) == (None, Recipe().profiles.n)
    with pytest.raises(RecipeError, match=r"unknown key profiles\.m; did you mean profiles\.n"):
        load_recipe(own, ["profiles.m="])


def test_paths_are_relative_to_the_recipe(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, '[survey]\npath = "wvs.sav"\n'))
    assert recipe.survey.path == str(tmp_path / "wvs.sav")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("profiles.m=7", r"unknown key profiles\.m; did you mean profiles\.n\?"),
        ("profile.n=7", r"unknown key profile; did you mean profiles\?"),
        ("calibration.temprature=2", r"unknown key calibration\.temprature; did you mean calibration\.temp"),
        ("shapley.xyzzy=2", r"unknown key shapley\.xyzzy; \[shapley\] has shapley\.kind, "),
        ('sweep={"profiles.n"=[5]}', r"unknown key sweep\.profiles\.n; did you mean \[sweep\.grid\]"),
        ("sweep.profiles.n=[5]", r"unknown key sweep\.profiles; did you mean \[sweep\.grid\]"),
        ("ablation.profiles.n=[5]", r"unknown key ablation\.profiles; did you mean \[ablation\.factors\]"),
        ("profiles.n=many", r"profiles\.n: .* got 'many'"),
        ("profiles.n=0", r"profiles\.n: .* got 0"),
        ("personas=[]", "at least one persona kind"),
        ('personas=["valuez"]', r"unknown persona kind 'valuez'; did you mean values"),
        ("calibration.temperature=0", r"calibration\.temperature"),
        ("seed", "expected key=value"),
        ("seed.inner=1", "seed is a value, not a table"),
        (
            "respondent.api_key=secret",
            r"unknown key respondent\.api_key; did you mean respondent\.api_key_env",
        ),
    ],
)
def test_bad_overrides_are_one_clear_line(override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        load_recipe(None, [override])
    assert "\n" not in str(caught.value)


def test_a_key_typed_into_an_address_is_not_repeated() -> None:
    with pytest.raises(RecipeError, match="must not carry a credential") as caught:
        load_recipe(None, ["respondent.base_url=http://user:sk-secret@127.0.0.1/v1"])
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["name = ", "[survey\n", "\x00", 'name = "a"\nname = "b"'])
def test_what_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError, match="not valid TOML"):
        load_recipe(write(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "seed = " + "9" * 5000,
        "seed = " + "[" * 5000 + "]" * 5000,
        "a = " + "{a = " * 2000 + "1" + "}" * 2000,
        "[" + ".".join("a" * 3000) + "]",
        'extends = "a\\u0000b"',
        'workspace = "a\\u0000b"',
        "#" + "x" * 1_000_001,
    ],
    ids=["digits", "lists", "inline tables", "tables", "NUL to extend", "NUL in a path", "large"],
)
def test_what_no_reader_bears_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(write(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000 + "]" * 5000])
def test_the_same_on_the_command_line(value: str) -> None:
    with pytest.raises(RecipeError, match=r"--set"):
        load_recipe(None, [f"seed={value}"])


def test_a_value_ends_with_its_line() -> None:
    with pytest.raises(RecipeError, match=r"profiles\.n"):
        load_recipe(None, ["profiles.n=1\nseed=2"])


def test_circles_end_however_they_are_written(tmp_path: Path) -> None:
    own = write(tmp_path, f'extends = "../{tmp_path.name}/other.toml"')
    (tmp_path / "other.toml").write_text(f'extends = "../{tmp_path.name}/own.toml"')
    with pytest.raises(RecipeError, match=r"own\.toml: extends itself, by way of \S+/other\.toml$"):
        load_recipe(own)


def test_chains_end_too(tmp_path: Path) -> None:
    for n in range(40):
        (tmp_path / f"{n}.toml").write_text(f'extends = "{n + 1}.toml"')
    (tmp_path / "40.toml").write_text("")
    assert load_recipe(tmp_path / "35.toml").name == "35"
    with pytest.raises(RecipeError, match="times over"):
        load_recipe(tmp_path / "0.toml")


def test_a_byte_order_mark_is_no_part_of_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xef\xbb\xbfseed = 3\r\n")
    assert load_recipe(path).seed == 3


@pytest.mark.parametrize(
    "name", ["", "../x", "a/b", ".x", " x", "x\n", "\x9b31m", "a\u202eb", "x" * 101, "😀" * 60]
)
def test_a_name_that_no_folder_can_bear_is_refused(name: str) -> None:
    with pytest.raises(RecipeError, match="names a folder"):
        varied(Recipe(), {"name": name})


@pytest.mark.parametrize(
    "settings",
    [
        {"respondent.api_key_env": "sk-secret"},
        {"respondent.api_key_env": ["sk-secret"]},
        {"respondent.api_key_env": "hf_secret"},
        {"respondent.parameters": {"api_key": "sk-secret"}},
        {"respondent.parameters": "sk-secret"},
        {"respondent.lm": "openai/m", "respondent.parameters": {"api_key": "sk-secret"}},
        {"descriptors.lm": {"api_key": "sk-secret"}},
        {"store": ["postgresql://me:secret@host/db"]},
        {"store.url": "postgresql://me:secret@host/db"},
        {"store": "x", "store.url": "postgresql://me:secret@host/db"},
        {"tracking.uri": ["http://me:secret@host"]},
        {"tracking": "http://me:secret@host"},
    ],
    ids=str,
)
def test_what_may_be_a_credential_is_not_repeated(settings: dict[str, object]) -> None:
    with pytest.raises(RecipeError) as caught:
        varied(Recipe(), settings)
    assert "secret" not in str(caught.value)


def test_a_missing_file_names_the_shipped_recipes(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="quickstart"):
        load_recipe(tmp_path / "none.toml")


def test_flat_keys_are_those_of_set() -> None:
    flat = Recipe().flat()
    assert flat["respondent.elicitation.min_label_mass"] == 0.5
    assert load_recipe(None, [f"{key}={value}" for key, value in {"profiles.n": 3}.items()]).profiles.n == 3


def test_settings_of_kernel_shap_are_read_over_and_the_method_is_refused_in_one_line(tmp_path: Path) -> None:
    """Recipes of 0.1.0, and the records beside its runs, hold them."""
    own = write(tmp_path, "[shapley]\nsamples = 64\nrepeats = 4\n")
    assert load_recipe(own).shapley == Recipe().shapley
    with pytest.raises(RecipeError, match=r"kernel \(KernelSHAP\) is gone; name exact or permutation"):
        load_recipe(own, ["shapley.method=kernel"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (['survey.reverse=["F028"]', 'survey.accept=["F028"]'], "survey: reverse and accept both name F028"),
        (["descriptors.frozen=a.csv", "descriptors.overrides=b.csv"], "leave overrides out"),
        (["scoring.gap_reference=XNA", "scoring.gap_index=i.csv"], "two ways of saying one thing"),
        (["scoring.gap_reference=XNA", 'personas=["values-hedged"]'], "name both in personas"),
        (
            ["profiles.design=marginal", 'personas=["values-hedged+demographic"]'],
            "nobody has the facts of values-hedged.demographic; .* leave the kind out of personas",
        ),
        (["profiles.design=marginal", "shapley.empty=demographic"], "facts of demographic; .* shapley.kind"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(settings: list[str], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        load_recipe(None, settings)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('questions.include="q2"', "questions.include: expected a list"),
        ("respondent=3", "respondent: expected a table of settings"),
        ("hypotheses=[{}]", "hypotheses.0.claim: is missing"),
    ],
)
def test_types_are_told_in_a_recipes_words(setting: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        load_recipe("quickstart", [setting])


def test_an_error_names_the_file_that_its_key_stands_in(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('extends = "quickstart"\n[profiles]\nn = 0\n')
    (tmp_path / "mine.toml").write_text('extends = "base.toml"\n[survey]\nrespondents = "many"\n')
    with pytest.raises(RecipeError, match=rf"^recipe {tmp_path}/mine\.toml: survey\.respondents: "):
        load_recipe(tmp_path / "mine.toml", ["profiles.n=5"])
    with pytest.raises(RecipeError, match=rf"^recipe {tmp_path}/base\.toml: profiles\.n: "):
        load_recipe(tmp_path / "mine.toml", ["survey.respondents=50"])
    with pytest.raises(RecipeError, match=r"^--set: profiles\.n: .*, got -1$"):
        load_recipe(tmp_path / "mine.toml", ["survey.respondents=50", "profiles.n=-1"])


def test_what_several_keys_come_to_is_told_with_the_file(tmp_path: Path) -> None:
    base, mine = tmp_path / "base.toml", tmp_path / "mine.toml"
    base.write_text('personas = ["demographic"]\n')
    mine.write_text('extends = "base.toml"\n[profiles]\ndesign = "marginal"\n')
    with pytest.raises(RecipeError) as told:
        load_recipe(mine)
    assert str(told.value).startswith(f"recipe {mine}: profiles.design = marginal deals answers anew")
    with pytest.raises(RecipeError) as told:
        load_recipe(base, ["profiles.design=marginal"])
    assert str(told.value).startswith(f"recipe {base}, with --set: profiles.design = marginal deals")
    # the quickstart has keys of that table
    with pytest.raises(RecipeError, match=r"^--set: respondent\.elicitation: expected a table of settings"):
        load_recipe("quickstart", ["respondent.elicitation=logprobs"])
    with pytest.raises(RecipeError, match=r"^--set: unknown key sede; did you mean seed\?$"):
        load_recipe(base, ["sede="])
