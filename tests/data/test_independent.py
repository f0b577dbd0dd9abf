"""Every real file and every case against pandas and pyreadstat alone.

What is expected here is computed from a codebook's TOML and a file's raw columns, by nothing of ``data``:
pyreadstat or pandas read them, and what their codes mean is looked up in the TOML as written, or stands here.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from value_personas.data import PublishedDistributions, Survey, draft_survey, read_survey, value_profiles
from value_personas.signatures import SurveyError

pytestmark = [
    pytest.mark.shared,
    # How pandas and pyreadstat open the files by themselves.
    pytest.mark.filterwarnings("ignore:Workbook contains no default style:UserWarning"),
    pytest.mark.filterwarnings("ignore:column .* is duplicated:UserWarning"),
]

CODEBOOKS = Path(__file__).resolve().parents[2] / "data" / "codebooks"

Codes = Sequence[float | str]


@dataclass(frozen=True)
class File:
    """A file and what is known of it from looking at it.

    Attributes:
        path: below the shared folder.
        country: the column of the country, and its values → alpha-3 codes; or the country of everybody.
        codebook: a shipped one; None where ``options`` says what the columns hold.
        weight: its column; None: everybody counts as 1.
        where: column → the value of the wave or study that is kept.
        options: question → the stored values of its options in the order of the card.
        missing: question → stored value → why it is none.
        reverse: what the file's author turned round.
        read: further arguments of ``read_survey``.
        needs: why profiles are refused.
    """

    path: str
    country: tuple[str, Mapping[Any, str]] | str
    codebook: str | None = None
    weight: str | None = None
    where: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, Codes] = field(default_factory=dict)
    missing: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    reverse: tuple[str, ...] = ()
    read: Mapping[str, Any] = field(default_factory=dict)
    needs: str = ""


AGREE = {"Q1": (1, 2, 3, 4, 5), "Q2": (1, 2)}
NO_AGREE = {"Q1": {8: "dont_know", 9: "no_answer"}, "Q2": {99: "no_answer"}}
IMPORTANT = ("very important", "rather important", "not very important", "not at all important")
AGREEMENT = ("strongly agree", "agree", "disagree", "strongly disagree")
IN_WORDS: Mapping[str, Codes] = {
    "import_politics": IMPORTANT,
    "import_work": IMPORTANT,
    "goals_parents_proud": AGREEMENT,
    "men_political_leaders": AGREEMENT,
    "univ_boy_girl": AGREEMENT,
    "health": ("very good", "good", "fair", "poor", "very poor"),
    "confidence_gov": ("a great deal", "quite a lot", "not very much", "none at all"),
    **dict.fromkeys(("freedom", "everyone_provided", "corrupt", "sci_tech_life"), range(1, 11)),
    "A008": ("very happy", "rather happy", "not very happy", "not at all happy"),
    "A165": ("most people can be trusted", "need to be very careful"),
}
COLUMNS = {"wvs7_labelled_4countries.csv": {"A008": "happiness", "A165": "trust"}}
TREND = {"codebook": "wvs_trend", "weight": "S017"}
STATA_TAGS = set("abcdefghijklmnopqrstuvwxyz")
TURNED = ("E018", "G006")  # by the files' author, who took away their labels

FILES = [
    File("cases/surveys/answer_that_says_dont_know.sav", ("country", {"NZL": "NZL"}), weight="weight",
         options={"Q16": (1, 2, 6), "Q9": (1, 2)}, missing={"Q9": {0: "not_applicable"}}),
    File("cases/surveys/country_own_numbers.sav", ("COUNTRY", {4: "GHA", 8: "MWI", 12: "NGA"}),
         options={"HAPPY": (1, 2, 3, 4), "Q30": (1, 2, 3)}),
    File("cases/surveys/draft_missing_as_option.sav", ("country", {"NZL": "NZL"}), weight="wgt",
         options=AGREE, missing=NO_AGREE),
    File("cases/surveys/e037_trend.sav", ("S003", {32: "ARG"}), **TREND),
    File("cases/surveys/evs_v114_nolabels.csv", ("country", {826: "GBR"}), codebook="evs2017",
         weight="gweight", needs="v114"),
    File("cases/surveys/joint_two_studies.sav", ("cntry", {32: "ARG"}), codebook="evs_wvs_joint",
         weight="gwght", where={"study": 2}),
    File("cases/surveys/joint_two_studies.sav", ("cntry", {32: "ARG"}), codebook="evs_wvs_joint",
         weight="gwght", where={"study": 1}, read={"waves": ["EVS 5"]}),
    File("cases/surveys/national_no_country.sav", "NZL", weight="wgt", options=AGREE, missing=NO_AGREE),
    File("cases/surveys/s018_only.csv", ("B_COUNTRY", {32: "ARG"}), codebook="wvs7", weight="S018"),
    File("cases/surveys/spanish_missing.sav", ("pais", {"BRA": "BRA"}), weight="wt",
         options={"b13": (1, 2, 3), "ocup": (1, 2)},
         missing={"b13": {888888: "dont_know", 988888: "no_answer"}, "ocup": {88: "dont_know"}}),
    File("cases/surveys/stata_integers_with_missing.dta", ("country", {"BRA": "BRA"}),
         options={"q1": (1, 2, 3, 4), "q2": (1, 2)}),
    File("cases/surveys/two_waves_one_file.sav", ("S003", {32: "ARG"}), where={"S002VS": 7}, **TREND),
    File("cases/surveys/two_waves_one_file.sav", ("S003", {32: "ARG"}), where={"S002VS": 2},
         read={"waves": ["2"]}, **TREND),
    File("cases/surveys/two_waves_one_file.sav", ("S003", {32: "ARG"}), read={"waves": ["all"]}, **TREND),
    File("cases/surveys/unlabelled.csv", ("pais", {"Brasil": "BRA"}), weight="wt",
         options={"trust": ("A lot", "Some", "A little", "Not at all"), "q1": (1, 2, 3, 4, 5, 6)}),
    File("surveys/F00011820-WVS_Wave_7_Venezuela_Excel_v3.0.xlsx", ("B_COUNTRY", {862: "VEN"}),
         codebook="wvs7", weight="W_WEIGHT"),
    *(
        File(f"surveys/moreno_clivagem_{name}.sav", ("S003", {number: code}), reverse=turned, **TREND)
        for name, number, code, turned in (
            ("argentina2013", 32, "ARG", TURNED),
            ("brasil2006", 76, "BRA", TURNED),
            ("chile2018", 152, "CHL", (*TURNED, "C001", "C002", "E023", "F028")),
            ("uruguai2011", 858, "URY", TURNED),
        )
    ),
    File("surveys/wvs7_labelled_4countries.csv",
         ("country", {code: code for code in ("CHN", "DEU", "EGY", "USA")}),
         codebook="wvs7_labelled_subset", options=IN_WORDS),
]  # fmt: skip


def _id(file: File) -> str:
    return f"{Path(file.path).stem}-{'-'.join(map(str, file.read.get('waves', ())))}".strip("-")


def _raw(path: Path) -> tuple[pd.DataFrame, dict[str, dict[Any, str]], dict[str, list[dict[str, Any]]]]:
    """Values, value labels and declared missing ranges as they are stored."""
    readers: dict[str, Any] = {
        ".sav": partial(pyreadstat.read_sav, user_missing=True),
        ".zsav": partial(pyreadstat.read_sav, user_missing=True),
        ".dta": partial(pyreadstat.read_dta, user_missing=True),
        ".por": pyreadstat.read_por,
    }
    if path.suffix in readers:
        frame, meta = readers[path.suffix](str(path), disable_datetime_conversion=True)
        return frame, meta.variable_value_labels, meta.missing_ranges
    if path.suffix == ".xlsx":
        return pd.read_excel(path).rename(columns=lambda name: name.split(":")[0]), {}, {}
    return pd.read_csv(path), {}, {}


@cache
def _toml(name: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((CODEBOOKS / f"{name}.toml").read_text(encoding="utf-8"))
    return found


def _question(book: str, code: str) -> dict[str, Any]:
    """A question's entry with what it takes over, and with the codes of its scale."""
    entry = dict(_toml(book)["questions"][code])
    if "like" in entry:
        other, its = entry.pop("like").split("/")
        taken = _question(other, its)
        if "scale" in entry:
            taken.pop("options")
        entry = {**taken, "column": code, **entry}
    entry.setdefault("column", code)
    entry.setdefault(
        "options", _options(_toml(book)["scales"][entry["scale"]] if "options" not in entry else {})
    )
    if "codes" in entry:
        entry["options"] = entry["codes"]
    return entry


def _options(scale: Mapping[str, Any]) -> list[float]:
    if "from" in scale:
        return list(range(scale["from"], scale["to"] + 1))
    return list(scale.get("codes", ()))


def _item(book: str, code: str) -> dict[str, Any]:
    entry = dict(_toml(book)["items"][code])
    entry.setdefault(
        "options", entry.get("codes") or _options(_toml("instruments/inglehart_welzel")["items"][code])
    )
    return entry


def _reason(label: str) -> str | None:
    """Why an answer is missing, by the words that the labels of these files use."""
    words = label.lower().replace("´", "'")
    told = {
        "don't know": "dont_know",
        "no answer": "no_answer",
        "not asked": "not_asked",
        "not applicable": "not_applicable",
        "missing": "other_missing",
    }
    return next((kind for start, kind in told.items() if words.startswith(start)), None)


@dataclass(frozen=True)
class Raw:
    """A file's rows of one wave with everybody's country and weight."""

    file: File
    frame: pd.DataFrame
    labels: Mapping[str, Mapping[Any, str]]
    ranges: Mapping[str, Sequence[Mapping[str, Any]]]
    country: "pd.Series[str]"
    weight: "pd.Series[float]"

    def find(self, names: str | Sequence[str]) -> str | None:
        wanted = [names] if isinstance(names, str) else names
        folded = {name.casefold(): name for name in reversed(self.frame.columns)}
        return next((folded[name.casefold()] for name in wanted if name.casefold() in folded), None)

    def declared(self, column: str, value: float) -> bool:
        return any(
            part["lo"] <= value <= part["hi"]
            for part in self.ranges.get(column, ())
            if not isinstance(part["lo"], str)
        )

    def answers(self, code: str, column: str, options: Codes, kinds: Mapping[Any, str]) -> "pd.Series[Any]":
        """Everybody's position on the scale, or the kind of missing answer."""
        position = {value: place for place, value in enumerate(options)}

        def read(value: Any) -> int | str:
            if pd.isna(value) or value == "":
                return "system_missing"
            if value in STATA_TAGS and self.file.path.endswith(".dta"):
                return "declared_missing"
            is_number = not isinstance(value, str)
            negative = is_number and value < 0
            declared = is_number and self.declared(column, value)
            if value in position and (negative or not declared):
                return position[value]
            said = _reason(self.labels.get(column, {}).get(value, ""))
            known = kinds.get(value)
            return said or known or ("declared_missing" if declared else "off_scale")

        values = self.frame[column].astype(object)
        found = [read(value) for value in values]
        if code in self.file.reverse:
            found = [len(options) - 1 - at if isinstance(at, int) else at for at in found]
        return pd.Series(found, index=values.index, dtype=object)

    def question(self, code: str) -> tuple[Codes, "pd.Series[Any]"]:
        if self.file.options:
            column = COLUMNS.get(Path(self.file.path).name, {}).get(code, code)
            options = self.file.options[code]
            return options, self.answers(code, column, options, self.file.missing.get(code, {}))
        assert self.file.codebook is not None
        entry = _question(self.file.codebook, code)
        column = self.find(entry["column"])
        assert column is not None
        kinds = _kinds(_toml(self.file.codebook)["missing"], entry.get("missing", {}))
        return entry["options"], self.answers(code, column, entry["options"], kinds)

    def item(self, code: str) -> tuple[Codes, "pd.Series[Any]"] | None:
        if self.file.options:
            return self.question(code) if code in self.file.options else None
        assert self.file.codebook is not None
        book = _toml(self.file.codebook)
        if code not in book["items"]:
            return None
        entry = _item(self.file.codebook, code)
        column = self.find(entry.get("column", []))
        if column is not None:
            common = entry.get("missing_codes", book["missing"])
            kinds = _kinds(common, entry.get("missing", {}))
            return entry["options"], self.answers(code, column, entry["options"], kinds)
        built = self._built(entry.get("build", {}), _kinds(book["missing"], {}))
        return None if built is None else (entry["options"], built)

    def _built(self, rule: Mapping[str, Any], kinds: Mapping[Any, str]) -> "pd.Series[Any] | None":
        """Post-materialism from two aims, autonomy from four qualities."""
        if not rule:
            return None
        aims = rule["rule"] == "first_and_second_aim"
        names = [rule["first"], rule["second"]] if aims else [*rule["plus"], *rule["minus"]]
        columns = [self.find(name) for name in names]
        if None in columns:
            return None
        yes = rule["post_materialist"] if aims else [rule["mentioned"]]
        no = rule["materialist"] if aims else rule["not_mentioned"]
        parts = [self.answers("", str(column), [*no, *yes], kinds) for column in columns]
        signs = [1, 1] if aims else [1] * len(rule["plus"]) + [-1] * len(rule["minus"])
        rows = []
        for answers in zip(*parts, strict=True):
            lost = next((answer for answer in answers if isinstance(answer, str)), None)
            toward = sum(s * (int(a) >= len(no)) for s, a in zip(signs, answers, strict=True) if lost is None)
            rows.append(lost if lost is not None else toward + (0 if aims else 2))
        return pd.Series(rows, index=self.frame.index, dtype=object)


def _kinds(common: Mapping[str, Sequence[float]], more: Mapping[str, Sequence[float]]) -> dict[Any, str]:
    return {code: kind for kinds in (common, more) for kind, codes in kinds.items() for code in codes}


def _rows(file: File, shared: Path) -> Raw:
    frame, labels, ranges = _raw(shared / file.path)
    keep = pd.Series(data=True, index=frame.index)
    for column, value in file.where.items():
        keep &= frame[column] == value
    frame = frame[keep].reset_index(drop=True)
    if isinstance(file.country, str):
        country = pd.Series(file.country, index=frame.index)
    else:
        country = frame[file.country[0]].map(file.country[1])
    assert country.notna().all()
    weight = frame[file.weight] if file.weight else pd.Series(1.0, index=frame.index)
    return Raw(file, frame, labels, ranges, country, weight)


def _read(file: File, shared: Path, folder: Path) -> Survey:
    book: str | Path | None = file.codebook
    country_is = file.country if isinstance(file.country, str) else None
    if book is None:
        book = folder / "own.toml"
        drafted = draft_survey(shared / file.path, country_is=country_is)
        book.write_text(drafted.codebook, encoding="utf-8")
    return read_survey(
        shared / file.path, codebook=book, country_is=country_is, reverse=file.reverse, **file.read
    )


@pytest.fixture(scope="module", params=FILES, ids=_id)
def both(
    request: pytest.FixtureRequest, shared_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Survey, Raw]:
    """A survey as it is read, and its rows as they are stored."""
    file: File = request.param
    return _read(file, shared_dir, tmp_path_factory.mktemp("own")), _rows(file, shared_dir)


def _agree(survey: Survey, raw: Raw) -> int:
    """Hold every distribution and missing share of the target questions; how many there were."""
    compared = 0
    for question in survey.questions:
        options, answers = raw.question(question.code)
        places = sorted({at for at in answers if isinstance(at, int)})
        if len(question.scale) == len(options):  # else the scale is cut down to what anybody chose
            places = list(range(len(options)))
        for country in survey.countries:
            here = (raw.country == country) & (raw.weight > 0)
            sums = raw.weight[here].groupby(answers[here]).sum()
            expected = sums.reindex(places, fill_value=0.0).to_numpy(float)
            if expected.sum():
                np.testing.assert_allclose(
                    survey.distribution(question, country), expected / expected.sum(), rtol=0, atol=1e-12
                )
            else:
                assert not survey.has_answers(question, country)
            lost = sums[[kind for kind in sums.index if isinstance(kind, str)]] / raw.weight[here].sum()
            assert survey.missing_share(question, country) == pytest.approx(
                lost[lost > 0].to_dict(), abs=1e-12, rel=0
            )
            compared += 1
    return compared


def test_distributions_and_missing_shares(both: tuple[Survey, Raw]) -> None:
    survey, raw = both
    assert set(survey.countries) == set(raw.country)
    if raw.file.options:
        asked = set(raw.file.options) - set(survey.item_columns)
        assert {question.code for question in survey.questions} == asked
    assert _agree(survey, raw) or raw.file.needs


def test_kish(both: tuple[Survey, Raw]) -> None:
    survey, raw = both
    for country in survey.countries:
        weight = raw.weight[(raw.country == country) & (raw.weight > 0)].to_numpy()
        kish = math.fsum(weight) ** 2 / math.fsum(weight**2)
        assert survey.respondents(country) == len(weight)
        assert survey.effective_size(country) == pytest.approx(kish, rel=1e-12)
        assert survey.design_effect(country) == pytest.approx(len(weight) / kish, rel=1e-12)


def test_profiles(both: tuple[Survey, Raw]) -> None:
    survey, raw = both
    written = _toml("instruments/inglehart_welzel")
    found = {code: item for code in written["items"] if (item := raw.item(code)) is not None}
    assert set(survey.item_columns) == set(found)
    if raw.file.needs:
        with pytest.raises(SurveyError, match=raw.file.needs):
            value_profiles(survey)
        return
    profiles = value_profiles(survey, needed=bool(found))
    expected = pd.DataFrame(index=raw.frame.index)
    for code, (_, answers) in found.items():
        published = _options(written["items"][code])
        expected[code] = [float(published[at]) if isinstance(at, int) else math.nan for at in answers]
    least = math.ceil(written["instrument"]["minimum_share"] * len(found))
    keep = (raw.weight > 0) & (expected.notna().sum(axis=1) >= least)
    assert list(profiles.frame.columns) == list(expected.columns)
    np.testing.assert_allclose(profiles.frame, expected[keep], rtol=0, atol=1e-12)
    np.testing.assert_allclose(profiles.weight, raw.weight[keep], rtol=1e-12)
    assert list(profiles.country) == list(raw.country[keep])
    for held in survey.items:
        answers = found[held.code][1]
        for country in survey.countries:
            here = (raw.country == country) & (raw.weight > 0)
            lost = raw.weight[here & answers.map(lambda at: isinstance(at, str))].groupby(answers).sum()
            assert survey.missing_share(held, country) == pytest.approx(
                (lost / raw.weight[here].sum()).to_dict(), abs=1e-12, rel=0
            )


def test_a_table_of_published_shares(shared_dir: Path) -> None:
    path = shared_dir / "surveys" / "wvs7_country_distributions.parquet"
    survey, table = read_survey(path), pd.read_parquet(path)
    assert isinstance(survey, PublishedDistributions)
    code_of = {"Great Britain": "GBR", "Hong Kong SAR": "HKG", "Macao SAR": "MAC", "Taiwan ROC": "TWN"}
    code_of |= {survey.country_name(code): code for code in survey.countries}
    assert {code_of[name] for name in table["country"]} == set(survey.countries)
    asked = set(_toml("wvs7")["questions"]) & set(table["qid"])
    assert {question.code for question in survey.questions} == asked
    cells = 0
    for (code, name), rows in table[table["qid"].isin(asked)].groupby(["qid", "country"]):
        places = np.array([ord(letter) - ord("A") for letter in rows["opt"]])
        expected = np.zeros(len(_question("wvs7", str(code))["options"]))
        expected[places] = rows["pct"]
        shares = survey.distribution(str(code), code_of[str(name)])
        np.testing.assert_allclose(shares, expected / rows["pct"].sum(), rtol=0, atol=1e-12)
        cells += 1
    assert cells == sum(survey.has_answers(q, c) for q in survey.questions for c in survey.countries)


def test_files_that_break_readers(shared_dir: Path, tmp_path: Path) -> None:
    """Each as a draft reads it: what else they hold, such as dates, are questions of numbers to it."""
    compared = []
    for path in sorted((shared_dir / "reader_stress").iterdir()):
        try:
            drafted = tomllib.loads(draft_survey(path, country_is="NZL").codebook)
        except SurveyError as error:
            assert "no column looks like a question" in str(error)  # noqa: PT017  # of some, as is right
            continue
        scales = {name: entry["codes"] for name, entry in drafted["scales"].items()}
        words = {name: entry["labels"] for name, entry in drafted["scales"].items()}
        labels, is_text = _raw(path)[1], _raw(path)[0].dtypes.map(pd.api.types.is_string_dtype)
        options: dict[str, Codes] = {
            code: (words if is_text[code] and code not in labels else scales)[entry["scale"]]
            for code, entry in drafted["questions"].items()
        }
        file = File(
            str(path.relative_to(shared_dir)), "NZL", options=options, missing={"str": {"NA": "no_answer"}}
        )
        compared += [path.name] * _agree(_read(file, shared_dir, tmp_path), _rows(file, shared_dir))
    assert len(set(compared)) > 10
