"""A small causal language model with random weights, for tests and benchmarks: nothing to download."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.utils import logging

CHAT_TEMPLATE = (
    "{% for m in messages %}<s>{{ m.role }}\n{{ m.content }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)


_CORPUS = ("How important is family in your life? A B C D Very important",)


def make_random_model(
    folder: Path, *, chat_template: str | None = None, corpus: Sequence[str] = _CORPUS, **shape: int
) -> Path:
    """Write a Llama with random weights and a byte-level tokenizer into a folder.

    Args:
        folder: made if need be.
        chat_template: in Jinja; None for a base model without one.
        corpus: texts whose frequent words become tokens; everything else is read byte by byte.
        **shape: fields of ``LlamaConfig``, in place of a very small model's.

    Returns:
        The folder.
    """
    tokenizer = _tokenizer(chat_template, corpus)
    tokenizer.save_pretrained(folder)
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    fields: dict[str, Any] = {"num_key_value_heads": 2, "max_position_embeddings": 4096} | small | shape
    with torch.random.fork_rng():
        torch.manual_seed(0)
        # A larger spread than training starts from: the next tokens shall not be all alike.
        config = LlamaConfig(
            vocab_size=len(tokenizer), initializer_range=0.3, bos_token_id=0, eos_token_id=1, **fields
        )
        logging.disable_progress_bar()
        LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def _tokenizer(chat_template: str | None, corpus: Sequence[str]) -> PreTrainedTokenizerFast:
    """Bytes, and merges of them."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=2000,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator([*corpus] * 2, trainer)  # a pair of bytes must occur twice to be merged
    wrapped = PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>")
    wrapped.chat_template = chat_template
    return wrapped
