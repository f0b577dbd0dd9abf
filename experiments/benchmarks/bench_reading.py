"""How fast and how lean a large survey is read, against bare pyreadstat in the same run.

    python -m value_personas.experiments.benchmarks.bench_reading [--rows 450000] [--columns 600]

It makes a .sav with WVS-7 columns (weights, 90 countries, labels, declared missing ranges), then prints

* the time and peak memory of ``read_survey`` of about 30 columns as a multiple of
  ``pyreadstat.read_sav(usecols=the same columns)``, each in processes of its own, taken in turns; the
  memory of the children that read the file stands beside, and processor time counts all of them;
* the processor time of the first reading of a small file, its child's start included;
* the time of profiles and of all weighted distributions of 100 questions × 90 countries after reading.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# What a run on the ten items and a dozen targets needs.
_TARGETS = ("Q1", "Q6", "Q29", "Q33", "Q47", "Q49", "Q71", "Q106", "Q130", "Q171", "Q199", "Q235")
_COUNTRIES = 90
_MOST_QUESTIONS = 100


def main() -> None:
    """Make the file, measure in turns, print the ratios."""
    options = _options()
    if options.measure:
        print(json.dumps(_measure(options.measure, Path(options.file))))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "large.sav"
        started = time.perf_counter()
        _run("write", path, options.rows, options.columns)
        size = path.stat().st_size / 1e6
        print(
            f"file: {options.rows:,} × {options.columns}, {size:,.0f} MB, "
            f"made in {time.perf_counter() - started:.0f} s"
        )
        small = path.with_name("small.sav")
        _run("write", small, 1_000, 60)
        _run("warm", path)
        results: dict[str, list[dict[str, float]]] = {"bare": [], "ours": [], "small": [], "large": []}
        for _ in range(options.repeats):
            for name, runs in results.items():
                runs.append(_run(name, small if name == "small" else path))
        _report(results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=450_000)
    parser.add_argument("--columns", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", default=None, help="where the file is made (about 400 MB)")
    parser.add_argument(
        "--measure", choices=["write", "warm", "bare", "ours", "small", "large"], help=argparse.SUPPRESS
    )
    parser.add_argument("--file", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(what: str, path: Path, rows: int = 0, columns: int = 0) -> dict[str, float]:
    command = [
        sys.executable,
        "-m",
        "value_personas.experiments.benchmarks.bench_reading",
        "--measure",
        what,
        "--file",
        str(path),
    ]
    if rows:
        command += ["--rows", str(rows), "--columns", str(columns)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def _report(results: dict[str, list[dict[str, float]]]) -> None:
    # The least of the repeats: what else the machine does can only add to a time.
    bare, ours = (min(run["seconds"] for run in results[name]) for name in ("bare", "ours"))
    lean, fat = (min(run["peak_mb"] for run in results[name]) for name in ("bare", "ours"))
    children = min(run["children_mb"] for run in results["ours"])
    least, busy = (min(run["busy"] for run in results[name]) for name in ("bare", "ours"))
    after = {key: min(run[key] for run in results["large"]) for key in ("read", "profiles", "distributions")}
    columns = results["ours"][0]["columns"]
    print(
        f"read {columns:.0f} columns: bare {bare:.2f} s, {lean:,.0f} MB; "
        f"read_survey {ours:.2f} s, {fat:,.0f} MB, its children {children:,.0f} MB"
    )
    print(
        f"time ratio {ours / bare:.3f} (at most 1.15)   memory ratio {fat / lean:.3f} (at most 1.30), "
        f"{(fat + children) / lean:.3f} with the children"
    )
    print(f"processor time: bare {least:.2f} s; read_survey with its children {busy:.2f} s")
    small = min(results["small"], key=lambda run: run["busy"])
    print(f"the first small file: {small['busy']:.2f} s of processor time, {small['seconds']:.2f} s")
    total = after["profiles"] + after["distributions"]
    print(
        f"after reading {results['large'][0]['questions']:.0f} questions in {after['read']:.1f} s: profiles "
        f"{after['profiles']:.2f} s + distributions × {results['large'][0]['countries']:.0f} countries "
        f"{after['distributions']:.2f} s = {total:.2f} s (at most 3)"
    )


def _measure(what: str, path: Path) -> dict[str, float]:
    if what == "write":
        options = _options()
        _write(path, options.rows, options.columns)
        return {}
    if what == "large":
        return _after_reading(path)
    import pyreadstat

    from value_personas import data

    busy, started = time.process_time(), time.perf_counter()
    if what in {"ours", "small"}:
        survey = data.read_survey(path, questions=_TARGETS)
        seconds, columns = time.perf_counter() - started, len(survey.sources[0].columns_read)
    else:
        from value_personas.data import Header, lay_out, load_codebook

        names = _names(600)
        layout, finder = lay_out(Header(path, tuple(names)), load_codebook("wvs7"), _TARGETS)
        wanted = layout.columns(finder, "within-country")
        busy, started = time.process_time(), time.perf_counter()
        pyreadstat.read_sav(str(path), usecols=list(wanted), user_missing=True)
        seconds, columns = time.perf_counter() - started, len(wanted)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    children = _children()
    return {
        "seconds": seconds,
        "busy": time.process_time() - busy + sum(child["busy"] for child in children),
        "peak_mb": peak,
        "children_mb": sum(child["peak_mb"] for child in children),
        "columns": columns,
    }


def _children() -> list[dict[str, float]]:
    """Processor time and peak memory of each process that this one started and that still waits for work."""
    found = []
    for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split():
        ticks = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[11:13]
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        found.append({
            "busy": sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"), "peak_mb": int(peak) / 1024,
        })  # fmt: skip
    return found


def _after_reading(path: Path) -> dict[str, float]:
    from value_personas import data

    codebook = _wide_codebook(path.with_name("wide.toml"))
    started = time.perf_counter()
    # Invented answers have no direction.
    items = tuple(item.code for item in data.load_instrument("inglehart-welzel").items)
    survey = data.read_survey(path, codebook=codebook, accept=items)
    read = time.perf_counter() - started
    started = time.perf_counter()
    data.value_profiles(survey)
    profiles = time.perf_counter() - started
    started = time.perf_counter()
    for question in survey.questions:
        for country in survey.countries:
            survey.distribution(question, country)
    distributions = time.perf_counter() - started
    return {
        "read": read,
        "profiles": profiles,
        "distributions": distributions,
        "questions": len(survey.questions),
        "countries": len(survey.countries),
    }


def _wide_codebook(path: Path) -> Path:
    """The codebook of wave 7 with so many filler columns as questions that there are a hundred."""
    from importlib.resources import files

    text = files("value_personas.data").joinpath("codebooks/wvs7.toml").read_text(encoding="utf-8")
    have = sum(name.startswith("Q") for name in _questions_of(text))
    extra = "\n".join(
        f'FILL{i} = {{ text = "Filler {i}", scale = "agreement_4", topic = "other" }}'
        for i in range(_MOST_QUESTIONS - have)
    )
    head, tail = text.split("[demographics]")
    path.write_text(f"{head}{extra}\n\n[demographics]{tail}", encoding="utf-8")
    return path


def _questions_of(text: str) -> list[str]:
    import tomllib

    return list(tomllib.loads(text)["questions"])


def _names(columns: int) -> list[str]:
    """Wave-7 columns first, then fillers up to the number asked for."""
    from value_personas.data import load_codebook

    codebook = load_codebook("wvs7")
    items = [column for item in codebook.items.values() for column in item.columns if not item.build]
    parts = ["Q154", "Q155", "Q8", "Q14", "Q15", "Q17"]
    who = [str(entry.column) for entry in codebook.demographics.values()]
    names = ["B_COUNTRY", "A_YEAR", "W_WEIGHT", *items, *parts, *codebook.questions, *who]
    return names + [f"FILL{i}" for i in range(columns - len(names))]


def _write(path: Path, rows: int, columns: int) -> None:
    import numpy as np
    import pandas as pd
    import pyreadstat

    from value_personas.data import load_codebook, published_map

    rng = np.random.default_rng(0)
    names = _names(columns)
    options = {code: len(entry.question.scale) for code, entry in load_codebook("wvs7").questions.items()}
    options |= {"Q57": 2, "Q45": 3, "Q209": 3, "Q164": 10, "Q182": 10, "Q184": 10}
    drawn = {name: rng.integers(1, options.get(name, 4) + 1, rows).astype(np.float64) for name in names}
    for name in names[3:]:
        drawn[name][rng.random(rows) < 0.03] = -1.0
    numeric = _numeric_codes(list(published_map())[:_COUNTRIES])
    drawn["B_COUNTRY"] = rng.choice(np.array(numeric, dtype=np.float64), rows)
    drawn["A_YEAR"], drawn["W_WEIGHT"] = np.full(rows, 2018.0), rng.uniform(0.3, 3.0, rows)
    labels = {1.0: "First", 2.0: "Second", 3.0: "Third", 4.0: "Fourth", -1.0: "Don't know", -2.0: "No answer"}
    pyreadstat.write_sav(
        pd.DataFrame(drawn),  # pyright: ignore[reportArgumentType]  typed as Narwhals, takes pandas
        str(path),
        row_compress=True,
        column_labels=[f"What {name} asks" for name in names],
        variable_value_labels=dict.fromkeys(names[3:], labels),
        missing_ranges={name: [{"lo": -99, "hi": -1}] for name in names[3:]},
    )


def _numeric_codes(countries: list[str]) -> list[int]:
    import csv
    from importlib.resources import files

    with files("value_personas.data").joinpath("countries.csv").open(encoding="utf-8") as stream:
        numbers = {row["alpha3"]: int(row["numeric"]) for row in csv.DictReader(stream)}
    return [numbers[code] for code in countries]


if __name__ == "__main__":
    main()
