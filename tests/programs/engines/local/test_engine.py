"""A causal language model in this process, built here with random weights: nothing is downloaded."""

import asyncio
import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from dspy.lm15 import Config, ContextLengthError, InvalidRequestError, Message, Request

from tests.test_faces import ROOT, gives_what_it_lists
from value_personas.programs.elicitation import FirstTokenLogprobs, SampledAnswers
from value_personas.programs.engines import EngineSettings, connect, local
from value_personas.programs.engines.conformance import CHECKS, Check
from value_personas.programs.engines.local import LocalParameters
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import Reply
from value_personas.programs.panel import Panel
from value_personas.programs.respondent import Respondent
from value_personas.signatures import Persona, Question, RecipeError, Scale

pytestmark = [
    pytest.mark.skipif(
        not (find_spec("torch") and find_spec("transformers")), reason="needs the extra [local]"
    ),
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning"),  # of torch's and transformers' own
]
# Both are imported by tests alone: every worker collects this file, and one runs it.

SYSTEM = "Answer as the person described."
PAGE = "{question}\n\nA. Very important\nB. Rather important\nC. Not at all\n\nReply with a letter."


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    """Two of torch's threads wait for each other in a loop while other workers have the cores."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from value_personas.experiments.benchmarks.random_model import make_random_model

    return make_random_model(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from value_personas.experiments.benchmarks.random_model import CHAT_TEMPLATE, make_random_model

    return make_random_model(tmp_path_factory.mktemp("chat"), chat_template=CHAT_TEMPLATE)


def ask(user: str, **config: Any) -> Request:
    decoding = Config(**{"temperature": 0.0, "max_tokens": 1, "logprobs": 20} | config)
    return Request(model="m", system=SYSTEM, messages=(Message.user(user),), config=decoding)


def pages(personas: int = 3, questions: int = 5, **config: Any) -> list[Request]:
    """Prompts of unequal lengths, persona by persona."""
    return [
        ask(
            f"I am person {'very ' * p}{p}, and sure.\n\n{PAGE.format(question='What of ' + 'it? ' * q)}",
            **config,
        )
        for p in range(personas)
        for q in range(1, questions + 1)
    ]


def replies(engine: "local.LocalEngine", requests: Sequence[Request]) -> list[Reply]:
    async def together() -> list[Reply]:
        return list(await asyncio.gather(*map(engine.reply, requests)))

    return asyncio.run(together())


def reference(folder: Path, text: str, *, special: bool) -> tuple[Any, Any, list[int]]:
    """The model and tokenizer as the library itself has them, and the text's tokens."""
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    return model, tokenizer, tokenizer.encode(text, add_special_tokens=special)


def test_its_stub_gives_what_it_lists() -> None:
    gives_what_it_lists(ROOT / "programs" / "engines" / "local" / "__init__.pyi")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("scoring", ["first-token", "option-text"])
def test_it_passes_what_every_engine_must(check: Check, scoring: Any, chat: Path) -> None:
    asyncio.run(check(local.LocalEngine(str(chat), LocalParameters(scoring=scoring)), "m"))


def test_tokens_that_are_not_computed_again_are_told(chat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from value_personas.programs.engines.local.network import Network

    read, forward = list[int](), Network._forward

    def counted(network: Network, cache: Any, rows: Sequence[tuple[int, ...]], keep: Any) -> Any:
        read.append(sum(map(len, rows)))
        return forward(network, cache, rows, keep)

    monkeypatch.setattr(Network, "_forward", counted)
    plain = replies(local.LocalEngine(str(chat), share_prefix=False), pages())
    assert {reply.cached_tokens for reply in plain} == {0}
    assert sum(read) == sum(reply.input_tokens or 0 for reply in plain)
    read.clear()
    engine = local.LocalEngine(str(chat))
    told = [*replies(engine, pages()), *replies(engine, pages())]
    cached = sum(reply.cached_tokens or 0 for reply in told)
    assert sum(read) == sum(reply.input_tokens or 0 for reply in told) - cached
    assert cached > 1000


@pytest.mark.parametrize("scoring", ["first-token", "option-text"])
@pytest.mark.parametrize("kind", ["base", "chat"])
def test_a_shared_prefix_changes_nothing(kind: str, scoring: Any, base: Path, chat: Path) -> None:
    folder, parameters = str({"base": base, "chat": chat}[kind]), LocalParameters(scoring=scoring)
    shared = replies(local.LocalEngine(folder, parameters), pages())
    plain = replies(local.LocalEngine(folder, parameters, share_prefix=False), pages())
    assert len({reply.first_token for reply in plain}) == len(plain)
    for one, other in zip(shared, plain, strict=True):
        assert one.first_token is not None
        assert other.first_token is not None
        assert dict(one.first_token) == pytest.approx(dict(other.first_token), abs=1e-4)
        assert one.text == other.text
        assert one.input_tokens == other.input_tokens


def test_an_error_on_the_models_thread_reaches_the_caller(
    chat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = local.LocalEngine(str(chat))

    def broken(prompts: object) -> None:
        raise FutureWarning("of a library")

    monkeypatch.setattr(engine._network, "next_token", broken)
    with pytest.raises(FutureWarning):
        asyncio.run(asyncio.wait_for(engine.reply(ask("u")), 30))


@pytest.mark.parametrize(
    ("gpu", "device", "dtype", "chosen"),
    [
        (True, None, None, ("cuda", "bfloat16")),
        (False, None, None, ("cpu", "float32")),
        (True, "cpu", None, ("cpu", "float32")),
        (False, "cuda:1", None, ("cuda:1", "bfloat16")),
        (True, None, "float32", ("cuda", "float32")),
    ],
)
def test_a_gpu_is_used_where_there_is_one_in_bfloat16(
    gpu: bool, device: str | None, dtype: str | None, chosen: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from value_personas.programs.engines.local.network import device_and_dtype

    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert device_and_dtype(device, dtype) == chosen


def test_bfloat16_is_the_same_model_to_its_own_precision(chat: Path) -> None:
    """On a CPU, for want of a GPU here: the type is the same, the order of summation is not."""
    import torch

    rough = local.LocalEngine(str(chat), LocalParameters(dtype="bfloat16"))
    assert {weights.dtype for weights in rough._network._model.parameters()} == {torch.bfloat16}
    assert " bfloat16 " in rough.identity
    for one, other in zip(
        replies(rough, pages()), replies(local.LocalEngine(str(chat)), pages()), strict=True
    ):
        assert one.first_token is not None
        assert math.fsum(math.exp(lp) for _, lp in one.first_token) <= 1.0 + 1e-4  # normalised in float32
        shared = dict(one.first_token).keys() & dict(other.first_token or ()).keys()
        assert {"A", "B", "C"} <= shared
        for letter in "ABC":
            assert dict(one.first_token)[letter] == pytest.approx(
                dict(other.first_token or ())[letter], abs=0.15
            )


def test_letters_are_the_librarys_own_log_probabilities(chat: Path) -> None:
    import torch

    request = ask(PAGE.format(question="How important is family?"), logprobs=1)
    (reply,) = replies(local.LocalEngine(str(chat)), [request])
    text = f"<s>system\n{SYSTEM}</s>\n<s>user\n{request.messages[0].text}</s>\n<s>assistant\n"
    model, tokenizer, ids = reference(chat, text, special=False)
    with torch.no_grad():
        logs = torch.log_softmax(model(torch.tensor([ids])).logits[0, -1], dim=-1)
    found = dict(reply.first_token or ())
    for letter in "ABC":
        assert found[letter] == pytest.approx(float(logs[tokenizer.convert_tokens_to_ids(letter)]), abs=1e-4)
        assert letter.lower() in found  # a variant, though only the likeliest token was asked for
    assert "D" not in found or found["D"] == max(found.values())
    assert reply.input_tokens == len(ids)


def test_option_texts_are_scored_by_their_mean_log_likelihood(base: Path) -> None:
    import torch

    request = ask(PAGE.format(question="How important is family?"))
    (reply,) = replies(local.LocalEngine(str(base), LocalParameters(scoring="option-text")), [request])
    prompt = f"{SYSTEM}\n\n{request.messages[0].text}"
    model, tokenizer, ids = reference(base, prompt, special=True)
    means = []
    for wording in ("Very important", "Rather important", "Not at all"):
        option = tokenizer.encode(wording, add_special_tokens=False)
        with torch.no_grad():
            logs = torch.log_softmax(model(torch.tensor([ids + option])).logits[0], dim=-1)
        means.append(
            sum(float(logs[len(ids) - 1 + n, token]) for n, token in enumerate(option)) / len(option)
        )
    total = math.log(sum(map(math.exp, means)))
    expected = {letter: mean - total for letter, mean in zip("ABC", means, strict=True)}
    assert dict(reply.first_token or ()) == pytest.approx(expected, abs=1e-4)
    assert reply.text == max(expected, key=expected.__getitem__)


def test_greedy_text_is_the_librarys_own(chat: Path) -> None:
    import torch

    requests = [*pages(2, 2, max_tokens=12), *pages(1, 1, max_tokens=12)]
    engine = local.LocalEngine(str(chat))
    for request, reply in zip(requests, replies(engine, requests), strict=True):
        text = f"<s>system\n{SYSTEM}</s>\n<s>user\n{request.messages[0].text}</s>\n<s>assistant\n"
        model, tokenizer, ids = reference(chat, text, special=False)
        with torch.no_grad():
            written = model.generate(torch.tensor([ids]), max_new_tokens=12, do_sample=False, pad_token_id=1)
        assert reply.text == tokenizer.decode(written[0, len(ids) :], skip_special_tokens=True)


def test_draws_follow_the_reported_probabilities_and_repeat(chat: Path) -> None:
    page = PAGE.format(question="How important is family?")
    engine = local.LocalEngine(str(chat))
    (reported,) = replies(engine, [ask(page, temperature=1.0, logprobs=20)])
    tokens = reported.first_token or ()
    # One that is a whole character, and so is its own text: the vocabulary has halves of characters too.
    token, log_p = next((t, lp) for t, lp in tokens if t.isascii() and not t.startswith("<"))
    drawn = replies(engine, [ask(page, temperature=1.0, seed=n) for n in range(400)])
    share = sum(reply.text == token for reply in drawn) / 400
    p = math.exp(log_p)
    assert abs(share - p) < 4 * math.sqrt(p * (1 - p) / 400)
    assert [r.text for r in drawn] == [
        r.text for r in replies(engine, [ask(page, temperature=1.0, seed=n) for n in range(400)])
    ]


def test_samples_of_one_request_differ(chat: Path) -> None:
    engine, request = (
        local.LocalEngine(str(chat)),
        ask(PAGE.format(question="Why?"), temperature=1.0, max_tokens=8),
    )

    async def drawn() -> list[str]:
        return [(await engine.reply(request, sample)).text for sample in (0, 1, 1)]

    first, second, again = asyncio.run(drawn())
    assert first != second
    assert second == again


def test_what_it_cannot_do_is_refused(base: Path) -> None:
    engine = local.LocalEngine(str(base))
    with pytest.raises(InvalidRequestError, match="top_p"):
        replies(engine, [ask("Why?", top_p=0.5)])
    with pytest.raises(ContextLengthError, match="4096"):
        replies(engine, [ask("Why? " * 3000)])


def test_a_stop_ends_the_text(chat: Path) -> None:
    engine = local.LocalEngine(str(chat))
    (whole,) = replies(engine, [ask("Why?", max_tokens=30)])
    stop = whole.text[3:5]
    (cut,) = replies(engine, [ask("Why?", max_tokens=30, stop=(stop,))])
    assert cut.text == whole.text.partition(stop)[0]
    assert cut.finish_reason == "stop"


def test_identity_follows_the_files_not_the_place(chat: Path, tmp_path: Path) -> None:
    moved = tmp_path / chat.name
    moved.mkdir()
    for path in chat.iterdir():
        (moved / path.name).write_bytes(path.read_bytes())
    before = local.LocalEngine(str(chat)).identity
    assert local.LocalEngine(str(moved)).identity == before
    assert str(chat.parent) not in before
    assert local.LocalEngine(str(chat), LocalParameters(scoring="option-text")).identity != before
    weights = bytearray((moved / "model.safetensors").read_bytes())
    weights[-100:] = bytes(100)
    (moved / "model.safetensors").write_bytes(weights)
    assert local.LocalEngine(str(moved)).identity != before


@pytest.mark.parametrize("way", [FirstTokenLogprobs(min_label_mass=0.0), SampledAnswers(draws=4)])
def test_a_panel_on_it(way: Any, chat: Path) -> None:
    model = connect(EngineSettings(lm=f"local/{chat}", concurrency=8))
    assert isinstance(model, Model)
    scale = Scale(("Very", "Rather", "Not very", "Not at all"), (1.0, 2.0, 3.0, 4.0))
    questions = [Question(f"Q{n}", f"How important is matter {n}?", scale) for n in range(4)]
    people = [Persona("test", f"You are person {n}.", 0.5, "XX") for n in range(2)]
    result = Panel(model, Respondent(way)).run(people, questions)
    if way.name == "logprobs":
        assert not result.missing_by_reason()  # every letter is reported, however unlikely
    assert model.usage.calls >= 8


@pytest.mark.parametrize(
    ("lm", "parameters", "message"),
    [
        ("local/not-there", {}, "no such folder"),
        ("local/{empty}", {}, "config.json and"),
        ("local/{base}", {"scoring": "wholly"}, "parameters.scoring"),
    ],
)
def test_wrong_settings_are_one_line(
    lm: str, parameters: dict[str, Any], message: str, base: Path, tmp_path: Path
) -> None:
    name = lm.format(empty=tmp_path, base=base)
    with pytest.raises(RecipeError, match=message) as refused:
        connect(EngineSettings(lm=name, parameters=parameters))
    assert "\n" not in str(refused.value)


def test_a_setting_that_the_engine_does_not_read_is_refused(base: Path) -> None:
    with pytest.raises(ValueError, match=r"parameters\.size is not known to local/.*; it takes scoring"):
        EngineSettings(lm=f"local/{base}", parameters={"size": 1})


def test_pickled_weights_are_not_read(base: Path, tmp_path: Path) -> None:
    for path in base.iterdir():
        if path.suffix != ".safetensors":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"anything")
    with pytest.raises(RecipeError, match="safetensors"):
        connect(EngineSettings(lm=f"local/{tmp_path}"))


def test_a_damaged_file_is_one_line(base: Path, tmp_path: Path) -> None:
    for path in base.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"\x10" * 64)
    with pytest.raises(RecipeError, match="loaded") as refused:
        connect(EngineSettings(lm=f"local/{tmp_path}"))
    assert "\n" not in str(refused.value)
