"""A real model asked about a real survey, by the command that a newcomer runs."""

import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from value_personas import report
from value_personas.experiments.answer_store import AnswerStore
from value_personas.experiments.answer_store.contents import Record, records
from value_personas.experiments.answer_store.records import reply_of_row
from value_personas.experiments.cli import _app

pytestmark = pytest.mark.skipif(
    not (find_spec("torch") and find_spec("gguf")), reason="needs the extra [local]"
)

_OF_LITTLE_WORTH = "what the order of options does is half or more of the distance from people"

VENEZUELA = "F00011820-WVS_Wave_7_Venezuela_Excel_v3.0.xlsx"


@pytest.mark.slow
@pytest.mark.shared
def test_a_small_model_is_asked_about_venezuela(tmp_path: Path, shared_dir: Path, small_model: Path) -> None:
    settings = (
        f"workspace={tmp_path}",
        f"respondent.lm=local/{small_model}",
        f"survey.path={shared_dir / 'surveys' / VENEZUELA}",
        'questions.include=["Q1", "Q49"]',
        "profiles.n=3",
        "scoring.persona_draws=0",
        "scoring.floor_draws=20",
    )
    given = [part for setting in settings for part in ("--set", setting)]
    ran = CliRunner().invoke(_app(), ["run", "real-small", *given], env={"COLUMNS": "1000"})
    assert ran.exit_code == 0, ran.output

    (folder,) = (tmp_path / "runs").iterdir()
    asking = pd.read_parquet(folder / "asking.parquet").set_index("personas")
    of_values = asking.loc["values-hedged"]
    assert (of_values["label_mass"] > 0.5).all()
    assert (of_values["stray_mass"].between(0.0, 1.0 - of_values["label_mass"])).all()
    assert of_values["order_effect"].notna().all()
    for said in ("answers move with the order of the options by", "(stray mass)", _OF_LITTLE_WORTH):
        assert said in ran.output, ran.output
    page = report(str(folder)).page.read_text()
    assert _OF_LITTLE_WORTH in page

    with AnswerStore(tmp_path / "answers.db") as store:
        asked = [record for record in records(store) if record.row.first_token is not None]
    assert len(asked) >= 6 + 20
    _equal_the_bare_forward_pass(asked[::6], small_model)


def _equal_the_bare_forward_pass(asked: list[Record], weights: Path) -> None:
    """Every stored log-probability of a letter, to 1e-4, by transformers alone."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place: dict[str, Any] = {"pretrained_model_name_or_path": weights.parent, "gguf_file": weights.name}
    tokenizer = AutoTokenizer.from_pretrained(**place)
    bare = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32).eval()
    for record in asked:
        (turn,) = record.content["messages"]
        turns = [
            {"role": "system", "content": record.content["system"]},
            {"role": turn[0], "content": turn[1]},
        ]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        tokens = tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            logs = torch.log_softmax(bare(tokens).logits[0, -1].double(), dim=-1)
        row = record.row
        reply = reply_of_row(
            (row.text, row.first_token, row.finish_reason, row.input_tokens, row.output_tokens, row.latency_s)
        )
        told = dict(reply.first_token or ())
        for letter in "ABCD":
            (number,) = tokenizer.encode(letter, add_special_tokens=False)
            assert math.isclose(told[letter], float(logs[number]), abs_tol=1e-4)
