"""A model in one file: SmolLM2 with 135 million parameters, from a package that holds its weights in GGUF."""

import asyncio
import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from value_personas import data
from value_personas.programs.elicitation import FirstTokenLogprobs, forms_of
from value_personas.programs.engines.local.files import model_place
from value_personas.programs.engines.replies import Reply
from value_personas.programs.rendering import PromptTemplate
from value_personas.programs.respondent import form_values
from value_personas.signatures import Answer, Question, RecipeError, Scale

pytestmark = pytest.mark.skipif(
    not (find_spec("torch") and find_spec("gguf")), reason="needs the extra [local]"
)

_SCALE = Scale(
    ("very important", "rather important", "not very important", "not at all important"), (1.0, 2.0, 3.0, 4.0)
)
QUESTION = Question("Q1", "How important is family in your life?", _SCALE)


def test_a_file_that_holds_no_model_is_one_line(tmp_path: Path) -> None:
    from value_personas.programs.engines.local.engine import LocalEngine

    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"no model at all" * 10)
    with pytest.raises(RecipeError, match=r"broken\.gguf: no tokenizer that can be loaded here"):
        LocalEngine(str(broken))


def test_a_package_may_stand_for_its_one_file_of_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "some_weights"
    inside.mkdir()
    (inside / "__init__.py").write_text("raise RuntimeError('it is looked at, never imported')")
    (inside / "a.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path / "..")
    assert model_place("some_weights") == inside / "a.gguf"
    (inside / "b.gguf").write_bytes(b"GGUF")
    with pytest.raises(RecipeError, match="the package has 2 files of weights; name one by its path"):
        model_place("some_weights")
    for absent in ("no_such_package", "os", "no.such"):
        with pytest.raises(RecipeError, match="no such folder, file or installed package"):
            model_place(absent)


@pytest.mark.slow
def test_a_model_in_one_file_answers_as_the_bare_forward_pass_does(
    small_model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from value_personas.programs.engines.local.engine import LocalEngine

    texts = [
        text
        for (address, variant, _, score), text in data.reference_descriptors().items()
        if address == "you" and variant == "hedged" and score == 1.0
    ]
    way, form = FirstTokenLogprobs(), forms_of(QUESTION, "forward")[0]
    template = PromptTemplate.of(way.signature, way.adapter)
    requests = [
        template.request("local/it", form_values(template.fields, text, form), way.config(0))
        for text in texts[:4]
    ]

    async def asked() -> list[Reply]:
        engine = LocalEngine(str(small_model))
        return list(await asyncio.gather(*map(engine.reply, requests)))

    replies = asyncio.run(asked())
    assert "GGUF tensors" not in capfd.readouterr().err, "no bar in a run's log"
    answers = [way.read(form, [reply]) for reply in replies]
    assert all(isinstance(answer, Answer) and answer.label_mass > 0.5 for answer in answers), answers
    place: dict[str, Any] = {
        "pretrained_model_name_or_path": small_model.parent,
        "gguf_file": small_model.name,
    }
    tokenizer = AutoTokenizer.from_pretrained(**place)
    bare = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32).eval()
    for request, reply in zip(requests, replies, strict=True):
        turns = [
            {"role": "system", "content": request.system},
            {"role": "user", "content": request.messages[-1].text},
        ]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        tokens = tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            logs = torch.log_softmax(bare(tokens).logits[0, -1].double(), dim=-1)
        told = dict(reply.first_token or ())
        for letter in "ABCD":
            (number,) = tokenizer.encode(letter, add_special_tokens=False)
            assert math.isclose(told[letter], float(logs[number]), abs_tol=1e-4)
