"""A causal language model on one device, its prompts' common beginnings computed once."""

import copy
import inspect
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, DynamicCache, modeling_gguf_pytorch_utils
from transformers.utils import logging

from value_personas.programs.engines.local.files import from_pretrained_arguments
from value_personas.programs.engines.local.prefixes import Tokens, groups_by_prefix, shared_length
from value_personas.signatures import RecipeError

Choose = Callable[[torch.Tensor], int]
"""Picks the next token from its log-probabilities, shape (V,)."""

_KEPT = 4
"""Beginnings whose keys and values are kept: a batch may straddle two personas, and so may the next."""


def device_and_dtype(device: str | None = None, dtype: str | None = None) -> tuple[str, str]:
    """Where a model runs and in which type, as far as nobody says: bfloat16 is what GPUs are fast in."""
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return device, dtype or ("bfloat16" if device.startswith("cuda") else "float32")


class Network:
    """The weights and what is kept of the prompts they read.

    Not safe to use from several threads at once.

    Args:
        folder: a model folder with safetensors; nothing is downloaded and no code of the folder is run.
        device: as torch names it; a GPU where there is one when None.
        dtype: the name of a torch type; bfloat16 on a GPU and float32 on a CPU when None.
        share_prefix: whether common beginnings are computed once; without, only for comparison.

    Attributes:
        dtype: the type's name.
        context: the most tokens that a prompt and its reply may have; None where the model does not say.
        ends: tokens that end a reply.
        cached: of each prompt that was read last, how many tokens were known: of one read before, or together
            with it.

    Raises:
        RecipeError: when the folder's model cannot be loaded, or is no plain transformer decoder.
    """

    def __init__(
        self, folder: Path, device: str | None = None, dtype: str | None = None, *, share_prefix: bool = True
    ) -> None:
        self._device, self.dtype = device_and_dtype(device, dtype)
        self._share_prefix = share_prefix
        self._model: Any = _load(folder, getattr(torch, self.dtype)).to(self._device).eval()
        self.context: int | None = getattr(self._model.config, "max_position_embeddings", None)
        end = self._model.generation_config.eos_token_id
        self.ends = frozenset([end] if isinstance(end, int) else end or [])
        takes = inspect.signature(self._model.forward).parameters
        self._cache_name = "cache" if "cache" in takes else "past_key_values"  # as before transformers 5.24
        self._kept: OrderedDict[Tokens, Any] = OrderedDict()
        self._known = 0
        self.cached: list[int] = []

    def next_token(self, prompts: Sequence[Tokens]) -> list[torch.Tensor]:
        """The log-probabilities of every prompt's next token.

        Args:
            prompts: at least one token each, of any lengths.

        Returns:
            One tensor a prompt, shape (V,), float32 on the CPU.
        """
        found: list[torch.Tensor] = [torch.empty(0)] * len(prompts)
        for members, length, beginning in self._begun(prompts):
            rows = [prompts[i][length:] for i in members]
            for i, logs in zip(members, self._read_last(beginning, rows), strict=True):
                found[i] = logs
        return found

    def log_likelihoods(self, prompt: Tokens, continuations: Sequence[Tokens]) -> list[float]:
        """The log-likelihood ln p(continuation | prompt) of each continuation, all read as one batch.

        Args:
            prompt: at least two tokens.
            continuations: at least one token each.
        """
        rows = [(prompt[-1], *continuation[:-1]) for continuation in continuations]
        logits, _ = self._read(self._beginning(prompt[:-1]), rows, keep=0)
        self.cached = [self._known]
        logs = torch.log_softmax(logits.float(), dim=-1)
        return [
            math.fsum(float(logs[row, at, token]) for at, token in enumerate(continuation))
            for row, continuation in enumerate(continuations)
        ]

    def write(
        self, prompts: Sequence[Tokens], choose: Sequence[Choose], limit: int, ends: frozenset[int]
    ) -> list[list[int]]:
        """Let prompts of one length be continued, until each has ended or has ``limit`` tokens.

        Args:
            prompts: all of the same length, so that none is padded: a gap within what was read would shift
                the window of models that look back a bounded way.
            choose: picks the tokens of each prompt.
            limit: the most tokens a continuation may have, at least 1.
            ends: tokens that end a continuation.

        Returns:
            The tokens of each continuation, with its end token where it came to one.
        """
        written: list[list[int]] = [[] for _ in prompts]
        for members, length, beginning in self._begun(prompts):
            logits, cache = self._read(beginning, [prompts[i][length:] for i in members], keep=1)
            for n in range(limit):
                logs = torch.log_softmax(logits[:, -1].float(), dim=-1).cpu()
                for row, i in enumerate(members):
                    if not _has_ended(written[i], ends):
                        written[i].append(choose[i](logs[row]))
                if n + 1 == limit or all(_has_ended(written[i], ends) for i in members):
                    break
                # What has ended is fed its end again, and not looked at: its row costs next to nothing.
                logits = self._step(cache, [written[i][-1] for i in members])
        return written

    def _begun(self, prompts: Sequence[Tokens]) -> Iterator[tuple[list[int], int, Any]]:
        """Groups of prompts, the length of their common beginning, and that beginning as it was read."""
        self.cached = [0] * len(prompts)
        for members, length in self._groups(prompts):
            beginning = self._beginning(prompts[members[0]][:length])
            for i in members:
                self.cached[i] = self._known if i == members[0] else length
            yield members, length, beginning

    def _groups(self, prompts: Sequence[Tokens]) -> list[tuple[list[int], int]]:
        if self._share_prefix:
            return groups_by_prefix(prompts)
        return [(list(range(len(prompts))), 0)] if prompts else []

    def _beginning(self, tokens: Tokens) -> Any:
        """The keys and values of a prompt's beginning; only what was never read before is computed."""
        self._known = 0
        if not self._share_prefix or not tokens:
            return self._extended(DynamicCache(), tokens)
        nearest = max(self._kept, key=lambda kept: shared_length(kept, tokens), default=())
        known = self._known = shared_length(nearest, tokens)
        if known == len(tokens) == len(nearest):
            self._kept.move_to_end(nearest)
            return self._kept[nearest]
        cache = copy.deepcopy(self._kept[nearest]) if known else DynamicCache()
        if known < cache.get_seq_length():
            cache.crop(known - cache.get_seq_length())  # by how many: newer releases take no length
        self._kept[tokens] = self._extended(cache, tokens[known:])
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return self._kept[tokens]

    def _extended(self, cache: Any, tokens: Tokens) -> Any:
        """The cache after so many more tokens; it is changed in place."""
        if tokens:
            self._forward(cache, [tokens], keep=1)
        return cache

    def _read_last(self, beginning: Any, rows: Sequence[Tokens]) -> torch.Tensor:
        """Log-probabilities after the last token of each row, shape (B, V), on the CPU."""
        lasts = sorted({len(row) - 1 for row in rows})
        logits, _ = self._read(beginning, rows, keep=torch.tensor(lasts, device=self._device))
        columns = torch.tensor([lasts.index(len(row) - 1) for row in rows], device=self._device)
        own = logits[torch.arange(len(rows), device=self._device), columns]
        return torch.log_softmax(own.float(), dim=-1).cpu()

    def _read(
        self, beginning: Any, rows: Sequence[Tokens], keep: int | torch.Tensor
    ) -> tuple[torch.Tensor, Any]:
        """Logits of the rows after a beginning that all of them share, and the batch's own cache."""
        cache = copy.deepcopy(beginning)
        if cache.get_seq_length():
            cache.batch_repeat_interleave(len(rows))
        return self._forward(cache, rows, keep), cache

    def _step(self, cache: Any, tokens: list[int]) -> torch.Tensor:
        return self._forward(cache, [(token,) for token in tokens], keep=1)

    def _forward(self, cache: Any, rows: Sequence[Tokens], keep: int | torch.Tensor) -> torch.Tensor:
        """Read the rows, padded at their right, where no real token looks; the cache grows by their width.

        Args:
            cache: keys and values of what stands before; changed in place.
            rows: token sequences.
            keep: for which positions logits are computed: the last so many (0: all), or those named. A
                vocabulary has 10⁵ tokens and more, so logits that nobody reads are what memory goes for.
        """
        past, width = cache.get_seq_length(), max(map(len, rows))
        ids = torch.zeros((len(rows), width), dtype=torch.long)
        mask = torch.zeros((len(rows), past + width), dtype=torch.long)
        for n, row in enumerate(rows):
            ids[n, : len(row)] = torch.tensor(row)
            mask[n, : past + len(row)] = 1
        with torch.no_grad():
            output = self._model(
                input_ids=ids.to(self._device),
                attention_mask=mask.to(self._device),
                use_cache=True,
                logits_to_keep=keep,
                **{self._cache_name: cache},
            )
        logits: torch.Tensor = output.logits
        return logits


def _has_ended(tokens: list[int], ends: frozenset[int]) -> bool:
    return bool(tokens) and tokens[-1] in ends


def _load(folder: Path, dtype: torch.dtype) -> Any:
    """The weights, from safetensors in this folder or from this file, and from nowhere else."""
    logging.disable_progress_bar()  # a run has its own
    reading_gguf: Any = modeling_gguf_pytorch_utils  # draws its bar whatever was said above
    reading_gguf.tqdm = partial(reading_gguf.tqdm, disable=True)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            **from_pretrained_arguments(folder), use_safetensors=True, dtype=dtype
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        said = " ".join(str(error).split())[:200]
        raise RecipeError(f"{folder}: not a model that can be loaded here: {said}") from None
    if getattr(model, "_is_stateful", False):
        raise RecipeError(f"{folder}: a recurrent model keeps no prefix; serve it and use openai/MODEL")
    return model
