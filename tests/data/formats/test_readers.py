"""Every format reads, and every bad file is refused in one line."""

import csv
import os
import shutil
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pyreadstat
import pytest

from tests.data.surveys import frame, write_sav
from value_personas.data import draft_codebook, load_codebook, read_survey
from value_personas.data.codebooks.missing import code_of_kind
from value_personas.data.formats import statistical, tables
from value_personas.data.formats.readers import inspect_file, read_columns
from value_personas.data.survey.decoding import decode
from value_personas.data.survey.labels import meanings_of
from value_personas.data.survey.layout import facts_of
from value_personas.signatures import SurveyError

Writer = Callable[[pd.DataFrame, Path], object]


def _excel_with_labels(table: pd.DataFrame, path: Path) -> None:
    table.rename(columns=lambda name: f"{name}: what it asks").to_excel(path, index=False)


WRITERS: dict[str, tuple[str, Writer]] = {
    "sav": ("s.sav", lambda table, path: pyreadstat.write_sav(table, str(path))),
    "zsav": ("s.zsav", lambda table, path: pyreadstat.write_sav(table, str(path), compress=True)),
    "dta": ("s.dta", lambda table, path: pyreadstat.write_dta(table, str(path))),
    "xpt": ("s.xpt", lambda table, path: pyreadstat.write_xport(table, str(path), file_format_version=8)),
    "csv": ("s.csv", lambda table, path: table.to_csv(path, index=False)),
    "tsv": ("s.tsv", lambda table, path: table.to_csv(path, index=False, sep="\t")),
    "semicolon": ("s.csv", lambda table, path: table.to_csv(path, index=False, sep=";", decimal=",")),
    "tabs and decimal commas": (
        "s.tsv",
        lambda table, path: table.to_csv(path, index=False, sep="\t", decimal=","),
    ),
    "quoted decimal commas": (
        "s.csv",
        lambda table, path: table.to_csv(path, index=False, sep=";", decimal=",", quoting=csv.QUOTE_ALL),
    ),
    "marked utf8": ("s.csv", lambda table, path: table.to_csv(path, index=False, encoding="utf-8-sig")),
    "utf32": ("s.csv", lambda table, path: table.to_csv(path, index=False, encoding="utf-32")),
    "returns": ("s.csv", lambda table, path: table.to_csv(path, index=False, lineterminator="\r")),
    "broken names": (
        "s.csv",
        lambda table, path: table.rename(columns={"Q29": "Q29: men\nas leaders"}).to_csv(path, index=False),
    ),
    "decimals": ("s.parquet", lambda table, path: table.map(lambda x: Decimal(str(x))).to_parquet(path)),
    "utf16": ("s.csv", lambda table, path: table.to_csv(path, index=False, encoding="utf-16")),
    "lower case": ("s.csv", lambda table, path: table.rename(columns=str.lower).to_csv(path, index=False)),
    "xlsx": ("s.xlsx", _excel_with_labels),
    "parquet": ("s.parquet", lambda table, path: table.to_parquet(path)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_survey(name: str, tmp_path: Path) -> None:
    table = frame(120)
    reference = read_survey(write_sav(table, tmp_path / "reference.sav"))
    file, write = WRITERS[name]
    write(table, tmp_path / file)
    survey = read_survey(tmp_path / file)
    assert survey.countries == ("DEU", "KEN")
    for question in reference.questions:
        for country in survey.countries:
            np.testing.assert_allclose(
                survey.distribution(question, country), reference.distribution(question, country), atol=1e-12
            )
            assert survey.missing_share(question, country) == pytest.approx(
                reference.missing_share(question, country), abs=1e-12
            )


def test_spss_portable_files_of_the_time_series(tmp_path: Path) -> None:
    # Names of this format end after eight letters, so it holds the time series, not wave 7.
    table = pd.DataFrame(
        {"S003": [276.0] * 4, "S017": [1.0, 2.0, 1.0, 0.0], "S020": [2018.0] * 4, "S025": [1.0] * 4}
    )
    table["F063"], table["E018"], table["E023"] = (
        [1.0, 10.0, 3.0, 4.0],
        [1.0, 2.0, 3.0, 1.0],
        [1.0, 4.0, -1.0, 2.0],
    )
    pyreadstat.write_por(table, str(tmp_path / "s.por"))
    survey = read_survey(tmp_path / "s.por")
    np.testing.assert_allclose(survey.distribution("E023", "DEU"), [1 / 3, 0, 0, 2 / 3])
    assert survey.missing_share("E023", "DEU") == {"dont_know": 0.25}


def test_only_the_columns_needed_are_decoded(tmp_path: Path) -> None:
    table = frame(50).assign(**{f"EXTRA{i}": 1.0 for i in range(40)})
    survey = read_survey(write_sav(table, tmp_path / "s.sav"), questions=["Q29"])
    read = survey.sources[0].columns_read
    assert "Q29" in read
    assert not [name for name in read if name.startswith("EXTRA") or name in ("Q1", "Q49")]
    assert survey.sources[0].columns == len(table.columns)


def test_windows_1252_text_is_read_and_noted(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    text = "country,import_leisure,import_politics,goals_parents_proud,men_political_leaders,happiness,city\n"
    path.write_bytes((text + "DEU,,very important,agree,agree,very happy,Köln\n").encode("cp1252"))
    survey = read_survey(path)
    assert any("Windows-1252" in note for note in survey.notes)
    assert survey.distribution("import_politics", "DEU")[0] == 1.0


def test_none_as_an_answer_is_no_missing_value(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\nNone,1\nNA,2\n")
    header = inspect_file(path)
    assert read_columns(header, ["a"])["a"].tolist()[0] == "None"
    assert read_columns(header, ["a"])["a"].isna().tolist() == [False, True]


def test_stata_tagged_missings_keep_their_kind(tmp_path: Path) -> None:
    table = frame(60)
    table["Q29"] = table["Q29"].astype(object)
    table.loc[:9, "Q29"] = "a"
    table.loc[10:, "Q29"] = [float(v) for v in np.arange(50) % 4 + 1]
    pyreadstat.write_dta(
        table, str(tmp_path / "s.dta"), missing_user_values={"Q29": ["a"]},
        variable_value_labels={"Q29": {1: "Strongly agree", "a": "Refused"}},
    )  # fmt: skip
    survey = read_survey(tmp_path / "s.dta", weight="unweighted")
    refused = sum(
        survey.missing_share("Q29", country).get("refused", 0.0) * survey.respondents(country)
        for country in survey.countries
    )
    assert refused == pytest.approx(10)


def test_letters_of_sas_stand_for_missing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    # pyreadstat writes no .sas7bdat, so the header is the metadata of one, and the records are its letters.
    meta = SimpleNamespace(
        column_names=["Q29", "NAME"], column_names_to_labels={}, variable_value_labels={}, missing_ranges={},
        number_rows=3, readstat_variable_types={"Q29": "double", "NAME": "string"},
    )  # fmt: skip
    monkeypatch.setattr(statistical, "_call", lambda *_, **__: (None, meta))
    header = statistical.SAS.inspect(Path("s.sas7bdat"), None)
    assert set(header.missing) == {"Q29"}
    scale = load_codebook("wvs7").questions["Q29"].stored
    values = pd.Series([2.0, "A", "_"], dtype=object)
    coded, _ = decode(values, meanings_of(scale), {}, facts_of(header, "Q29"))
    assert coded.tolist() == [1, *[code_of_kind("declared_missing")] * 2]


HEADER = "B_COUNTRY,Q1,Q46,Q57,Q164,Q182"
NOISE = bytes(range(256)) * 20


def _under_another_name(path: Path, suffix: str) -> None:
    right = path.with_suffix(suffix)
    if suffix == ".sav":
        write_sav(frame(5), right)
    else:
        frame(5).to_excel(right)
    shutil.move(right, path)


BAD: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "no such file": ("gone.sav", lambda path: None, "no such file"),
    "a folder": ("s.sav", lambda path: path.mkdir(), "is not a file"),
    "unknown suffix": ("s.doc", lambda path: path.write_text("x"), "unknown suffix"),
    "empty": ("s.sav", lambda path: path.write_bytes(b""), "is empty"),
    "empty csv": ("s.csv", lambda path: path.write_bytes(b""), "is empty"),
    "blank first line": ("s.csv", lambda path: path.write_text("\n1,2\n"), "first line is empty"),
    "zero rows csv": ("s.csv", lambda path: path.write_text(HEADER), "no records"),
    "zero rows sav": ("s.sav", lambda path: write_sav(frame(5).iloc[:0], path), "no records"),
    "zero rows parquet": ("s.parquet", lambda path: frame(5).iloc[:0].to_parquet(path), "no records"),
    "excel called sav": ("s.sav", lambda path: _under_another_name(path, ".xlsx"), "rename it to .xls"),
    "sav called xlsx": ("s.xlsx", lambda path: _under_another_name(path, ".sav"), "rename it to .sav"),
    "sav called csv": ("s.csv", lambda path: _under_another_name(path, ".sav"), "SPSS"),
    "noise called sav": ("s.sav", lambda path: path.write_bytes(NOISE), "not readable"),
    "noise called dta": ("s.dta", lambda path: path.write_bytes(NOISE), "not readable"),
    "noise called por": ("s.por", lambda path: path.write_bytes(NOISE), "not readable"),
    "noise called xpt": ("s.xpt", lambda path: path.write_bytes(NOISE), "not readable"),
    "noise called sas": ("s.sas7bdat", lambda path: path.write_bytes(NOISE), "not readable"),
    "noise called xlsx": (
        "s.xlsx",
        lambda path: path.write_bytes(b"PK\x03\x04" + bytes(200)),
        "not readable",
    ),
    "noise called parquet": (
        "s.parquet",
        lambda path: path.write_bytes(b"PAR1" + bytes(200)),
        "not readable",
    ),
    "noise called csv": ("s.csv", lambda path: path.write_bytes(b"a,b\n1,\0\0\n"), "zero bytes"),
    "a web page": ("s.sav", lambda path: path.write_text("<!DOCTYPE html><p>log in"), "web page"),
    "ragged csv": (
        "s.csv",
        lambda path: path.write_text(f"{HEADER}\n1,2,3,4,5,6,7\n"),
        "line 2 has 7 fields",
    ),
    "zipped csv": ("s.csv", lambda path: path.write_bytes(b"\x1f\x8b" + NOISE), "unpack it"),
    "lists in cells": (
        "s.parquet",
        lambda path: frame(5).assign(Q29=[[1.0]] * 5).to_parquet(path),
        "'Q29' holds lists",
    ),
    "a record across lines": (
        "s.csv",
        lambda path: path.write_text(f'{HEADER}\n"1,2,3,4,5,6\n'),
        "line 2 has 1 fields",
    ),
    "foreign columns": ("s.csv", lambda path: path.write_text("a,b\n1,2\n"), "no known survey"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    file, spoil, expected = BAD[name]
    spoil(tmp_path / file)
    with pytest.raises(SurveyError) as caught:
        read_survey(tmp_path / file)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert file in str(caught.value)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
@pytest.mark.parametrize("suffix", [".sav", ".zsav", ".dta", ".xlsx", ".parquet"])
def test_a_truncated_file_is_refused(suffix: str, share: float, tmp_path: Path) -> None:
    table, path = frame(400), tmp_path / f"s{suffix}"
    {
        ".sav": lambda: pyreadstat.write_sav(table, str(path)),
        ".zsav": lambda: pyreadstat.write_sav(table, str(path), compress=True),
        ".dta": lambda: pyreadstat.write_dta(table, str(path)),
        ".xlsx": lambda: table.to_excel(path, index=False),
        ".parquet": lambda: table.to_parquet(path),
    }[suffix]()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(SurveyError):
        read_survey(path)


@pytest.mark.parametrize("spoilt", [b"", b"\xff\xfe junk", None])
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"])
def test_a_damaged_workbook_is_refused(part: str, spoilt: bytes | None, tmp_path: Path) -> None:
    frame(30).to_excel(tmp_path / "whole.xlsx", index=False)
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as whole, zipfile.ZipFile(tmp_path / "s.xlsx", "w") as copy:
        for name in whole.namelist():
            content = whole.read(name)
            if name == part:
                content = content[: len(content) // 2] if spoilt is None else spoilt
            copy.writestr(name, content)
    with pytest.raises(SurveyError, match=r"an Excel workbook .*check that the download is complete"):
        read_survey(tmp_path / "s.xlsx")


@pytest.mark.parametrize(
    ("suffix", "files"),
    [
        *((suffix, 30) for suffix in (".xlsx", ".parquet", ".csv")),
        *((suffix, 8) for suffix in (".sav", ".dta", ".xpt")),  # most end the process that reads them
        *(pytest.param(suffix, 30, marks=pytest.mark.slow) for suffix in (".sav", ".dta", ".xpt")),
    ],
)
def test_no_flipped_byte_makes_a_traceback(suffix: str, files: int, tmp_path: Path) -> None:
    name, write = WRITERS[suffix.removeprefix(".")]
    write(frame(40), tmp_path / name)
    sound = (tmp_path / name).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(files):
        content = bytearray(sound)
        for at in rng.integers(0, min(len(content), 4000), 20):
            content[at] = rng.integers(0, 256)
        (tmp_path / name).write_bytes(content)
        try:
            read_survey(tmp_path / name)
        except SurveyError:  # anything else would escape and fail
            refused += 1
    assert refused > 0


def test_true_and_false_are_no_codes_of_a_scale_from_one(tmp_path: Path) -> None:
    table = frame(60).assign(Q29=lambda table: table["Q29"] == 1.0)
    table.to_parquet(tmp_path / "s.parquet")
    survey = read_survey(tmp_path / "s.parquet")
    assert "Q29" not in [question.code for question in survey.questions]
    assert any(note.startswith("Q29: 60 of 60 answers are no option") for note in survey.notes)


def test_a_path_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv")
    with pytest.raises(SurveyError, match=r"caf\\udce9.csv.*rename the file"):
        read_survey(path)


def test_messages_obey_no_escape_sequence_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(f"{HEADER}\n1,\x1b[2J{'x' * 5000}\n")
    with pytest.raises(SurveyError) as caught:
        read_survey(tmp_path / "s.csv")
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_ten_thousand_columns(tmp_path: Path) -> None:
    wide = pd.concat(
        [frame(20), pd.DataFrame(np.zeros((20, 10_000)), columns=[f"W{i}" for i in range(10_000)])], axis=1
    )
    wide.to_csv(tmp_path / "wide.csv", index=False)
    write_sav(wide, tmp_path / "wide.sav")
    for name in ("wide.csv", "wide.sav"):
        assert read_survey(tmp_path / name).sources[0].columns == wide.shape[1]


def test_a_wrong_encoding_names_the_way_out(tmp_path: Path) -> None:
    write_sav(frame(20), tmp_path / "s.sav", labels={"Q29": {1.0: "Größe", 2.0: "ß"}})
    with pytest.raises(SurveyError, match="encoding"):
        read_survey(tmp_path / "s.sav", encoding="no-such-encoding")


def test_a_repeated_column_name_is_read_once_and_noted(tmp_path: Path) -> None:
    lines = ["B_COUNTRY,Q1,Q46,Q57,Q164,Q182,Q29,Q29", *["276,1,1,1,1,1,2,4"] * 3]
    (tmp_path / "s.csv").write_text("\n".join(lines))
    survey = read_survey(tmp_path / "s.csv")
    assert survey.distribution("Q29", "DEU").tolist() == [0, 1, 0, 0]
    assert any("repeated column name" in note for note in survey.notes)


NO_QUESTION = {
    "test_data__basic__hebrews.sav",  # one column of 33 values
    "test_data__basic__tegulu.sav",  # one record
    "test_data__missing_data__missing_char.sav",  # letters of no label
    "test_data__missing_data__missing_test.dta",  # one record
    "test_data__missing_data__missing_test.sav",  # one value, and one that is missing
    "tests__testthat__spss__labelled-num-na.sav",  # likewise
    "tests__testthat__spss__labelled-num.sav",  # one record
    "tests__testthat__spss__labelled-str.sav",  # gender alone
    "tests__testthat__spss__variable-label.sav",  # one record
    "tests__testthat__spss__datetime.sav",  # dates alone
    "tests__testthat__stata__datetime-d.dta",  # one record
}


@pytest.mark.shared
def test_files_that_break_careless_readers(shared_dir: Path) -> None:
    paths = sorted((shared_dir / "reader_stress").iterdir())
    assert len(paths) == 27
    drafted = 0
    for path in paths:
        header = inspect_file(path)
        table = read_columns(header, header.columns)
        assert len(table) > 0
        assert tuple(table.columns) == header.columns
        if path.name in NO_QUESTION:
            with pytest.raises(SurveyError, match="no column looks like a question"):
                draft_codebook(path)
        else:
            assert "[survey]" in draft_codebook(path)
            drafted += 1
        with pytest.raises(SurveyError, match="no known survey"):
            read_survey(path)
    assert drafted == len(paths) - len(NO_QUESTION)


@pytest.mark.shared
def test_declared_missings_of_the_stress_files(shared_dir: Path) -> None:
    stress = shared_dir / "reader_stress"
    assert inspect_file(stress / "tests__testthat__spss__labelled-num-na.sav").missing == {
        "VAR00002": ((9.0, 9.0),)
    }
    assert inspect_file(stress / "test_data__missing_data__missing_char.sav").missing == {
        "mychar": (("Z", "Z"),)
    }
    tagged = inspect_file(stress / "tests__testthat__stata__tagged-na-int.dta")
    assert tagged.missing["x"] == (("a", "z"),)
    hebrew = inspect_file(stress / "test_data__basic__hebrews.sav")
    assert hebrew.columns == ("ותק_ב",)


def test_a_record_with_too_many_fields_is_told_by_its_line_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(
        'country,year,answer\n"Colombia",2018,Good\n"Colombia",2018,For people like me, it does not\n'
    )
    with pytest.raises(SurveyError) as caught:
        read_columns(inspect_file(path), ["answer"])
    assert "line 3 has 4 fields where the column names are 3" in str(caught.value)
    assert "Colombia" not in str(caught.value)
    assert "people" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_excels_own_first_line_tells_the_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes("\ufeffsep=;\r\na;b\r\n1;2,5\r\n3;4,5\r\n".encode())
    header = inspect_file(path)
    assert header.columns == ("a", "b")
    assert read_columns(header, ["b"])["b"].tolist() == [2.5, 4.5]


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", b"\n1,2\n"])
def test_a_table_of_nothing_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(content)
    with pytest.raises(SurveyError, match="first line is empty"):
        inspect_file(path)


def test_a_cover_sheet_is_passed_over_by_name(tmp_path: Path) -> None:
    path = tmp_path / "s.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"A survey of 2020": [None, "Please cite"]}).to_excel(
            book, sheet_name="About", index=False
        )
        pd.DataFrame({"a": [1, 2], "b": [3, 4]}).to_excel(book, sheet_name="Data", index=False)
    header = inspect_file(path)
    assert header.columns == ("a", "b")
    assert any("'Data'" in note for note in header.notes)
    assert read_columns(header, ["b", "a"]).to_numpy().tolist() == [[3, 1], [4, 2]]


def test_a_workbook_that_unpacks_to_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "s.xlsx"
    megabyte = bytes(1 << 20)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as stream,
    ):
        for _ in range(1100):
            stream.write(megabyte)
    with pytest.raises(SurveyError, match=r"MB that unpack to 1\.2 GB; at most 1\.1 GB are read"):
        inspect_file(path)


def test_a_parquet_table_of_too_many_cells_is_refused_unread(tmp_path: Path) -> None:
    path, rows = tmp_path / "s.parquet", 3_000_000
    column = pyarrow.DictionaryArray.from_arrays(pyarrow.array(np.zeros(rows, np.int8)), pyarrow.array([7.0]))
    pyarrow.parquet.write_table(pyarrow.table({"a": column}), path)
    header = inspect_file(path)
    assert len(read_columns(header, ["a"])) == rows
    with pytest.raises(SurveyError, match=r"unpack to 4\.8 GB; at most 4\.3 GB are read"):
        tables.PARQUET.read(header, ["a"] * 200)


@pytest.mark.parametrize("by_schema", [True, False], ids=["categories", "texts"])
def test_texts_that_a_parquet_table_keeps_once_are_refused_before_each_cell_holds_its_own(
    by_schema: bool, tmp_path: Path
) -> None:
    path, rows = tmp_path / "s.parquet", 60_000
    texts = pyarrow.array(["x" * 100_000, "y"])
    column = pyarrow.DictionaryArray.from_arrays(pyarrow.array(np.zeros(rows, np.int8)), texts)
    pyarrow.parquet.write_table(pyarrow.table({"a": column, "b": column}), path, store_schema=by_schema)
    assert path.stat().st_size < 100_000
    with pytest.raises(SurveyError, match=r"unpack to 6\.0 GB; at most 4\.3 GB are read"):
        read_columns(inspect_file(path), ["a"])


def test_texts_of_a_parquet_table_come_back_as_pandas_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    table = pd.DataFrame({
        "text": ["x", "yy", None, "é"] * 40, "number": [1.0, 2.0, np.nan, 4.0] * 40,
        "levels": pd.Categorical(["p", "q", "p", None] * 40), "bytes": [b"x", b"y", None, b"z"] * 40,
    })  # fmt: skip
    table.to_parquet(path, row_group_size=50)
    found = read_columns(inspect_file(path), ["levels", "text", "bytes", "number"])
    expected = pyarrow.parquet.read_table(path).replace_schema_metadata(None).to_pandas()
    pd.testing.assert_frame_equal(found, expected[list(found.columns)])


def test_parquet_metadata_of_pandas_is_never_believed(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    table = pyarrow.table({"a": [1.0, 2.0]}).replace_schema_metadata({"pandas": "{no json"})
    pyarrow.parquet.write_table(table, path)
    assert read_columns(inspect_file(path), ["a"])["a"].tolist() == [1.0, 2.0]
