"""The engine: requests in flight become batches, on a thread of their own."""

import asyncio
import math
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import orjson
import torch
from dspy.lm15 import ContextLengthError, InvalidRequestError, Request, Response, ServerError

from value_personas.programs.engines.base import rank_alternatives, reseeded, response_of
from value_personas.programs.engines.local.files import fingerprint, model_place
from value_personas.programs.engines.local.job import Job
from value_personas.programs.engines.local.network import Network
from value_personas.programs.engines.local.parameters import LocalParameters
from value_personas.programs.engines.local.prompts import Prompts, options_in
from value_personas.programs.engines.replies import Reply

_GATHER_S = 0.002
"""Seconds for which a batch waits for more requests: little beside what a model takes to read one."""

_LONGEST_REPLY = 512
"""Tokens of a reply whose request states no length."""

_UNKNOWN = ("top_p", "top_k", "frequency_penalty", "presence_penalty", "response_format", "extensions")


class LocalEngine:
    """A Hugging Face causal language model in this process.

    Requests in flight at one time are one batch, so ``concurrency`` is the size of a batch; what their
    prompts have in common at the beginning (system message and persona) is computed once and kept for the
    next. Nothing is downloaded, and no code of the model's folder is run.

    Args:
        folder: a model folder with ``config.json``, a tokenizer and safetensors; or a file in GGUF, whose
            weights are read de-quantised.
        parameters: device, type and how options are scored.
        share_prefix: False to read every prompt whole, for comparison.

    Attributes:
        identity: the folder's name, a fingerprint of its files, the type and the scoring. Not the folder's
            place: a model that moves keeps its answers.

    Raises:
        RecipeError: when the folder holds no model that can be loaded.
    """

    def __init__(
        self, folder: str, parameters: LocalParameters | None = None, *, share_prefix: bool = True
    ) -> None:
        place, parameters = model_place(folder), parameters or LocalParameters()
        self._scoring = parameters.scoring
        self._prompts = Prompts(place, parameters.template)
        self._network = Network(place, parameters.device, parameters.dtype, share_prefix=share_prefix)
        self._ends = self._network.ends | self._prompts.ends
        kind = [self._network.dtype, self._scoring]
        if parameters.template:
            kind.append(orjson.dumps(parameters.template, option=orjson.OPT_SORT_KEYS).decode())
        self.identity = f"local {place.resolve().name} {fingerprint(place)} {' '.join(kind)}"
        self._waiting: deque[Job] = deque()
        self._thread = ThreadPoolExecutor(1, "local-model")

    async def complete(self, request: Request) -> Response:
        """Answer one request."""
        return response_of(await self.reply(request), request.model)

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request, together with whatever else is in flight.

        Raises:
            InvalidRequestError: for decoding parameters that this engine does not know, or anything but text.
            ContextLengthError: when the prompt leaves the model no room for a reply.
            ServerError: when memory does not suffice for the batch.
        """
        job = self._job(reseeded(request, sample), sample)
        self._waiting.append(job)
        self._thread.submit(self._answer_waiting)
        return await asyncio.wrap_future(job.future)

    async def aclose(self) -> None:
        """Nothing to let go of: the weights go with the engine."""

    def _job(self, request: Request, sample: int) -> Job:
        config = request.config
        if unknown := [name for name in _UNKNOWN if getattr(config, name, None)]:
            raise InvalidRequestError(f"the local engine knows no {unknown[0]}")
        tokens, context = self._prompts.tokens(request), self._network.context
        room = _LONGEST_REPLY if context is None else context - len(tokens)
        if room < 1:
            raise ContextLengthError(f"a prompt of {len(tokens)} tokens, the model reads {context}")
        limit = min(config.max_tokens or _LONGEST_REPLY, room)
        return Job(request, tokens, limit, sample if config.seed is None else config.seed)

    def _answer_waiting(self) -> None:
        """Answer everything that waits as one batch. Submitted once a request, so it often finds nothing."""
        if not self._waiting:
            return
        time.sleep(_GATHER_S)
        jobs = []
        while self._waiting:
            job = self._waiting.popleft()
            if job.future.set_running_or_notify_cancel():
                jobs.append(job)
        try:
            for job, reply in self._answered(jobs):
                job.future.set_result(reply)
        except torch.OutOfMemoryError:
            _fail(jobs, ServerError("the batch does not fit into memory; lower respondent.concurrency"))
        except Exception as error:
            # On this thread nobody would see it, and every caller would wait for ever.
            _fail(jobs, error)
            raise

    def _answered(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Reply]]:
        """Replies in any order."""
        by_option = self._scoring == "option-text"
        scored = [job for job in jobs if by_option and job.asks_logprobs and options_in(job.request)]
        rest = [job for job in jobs if job not in scored]
        for job in scored:
            yield job, self._score_options(job)
        short = [job for job in rest if job.limit == 1]
        found = self._network.next_token([job.tokens for job in short])
        for job, logs, cached in zip(short, found, self._network.cached, strict=True):
            yield job, self._reply(job, [job.choose(logs)], cached)
        yield from self._written([job for job in rest if job.limit > 1])

    def _written(self, jobs: list[Job]) -> Iterator[tuple[Job, Reply]]:
        """Replies of several tokens, prompts of one length together."""
        jobs.sort(key=_extent)
        for (_, limit), same in groupby(jobs, key=_extent):
            group = list(same)
            prompts, choose = [job.tokens for job in group], [job.choose for job in group]
            written = self._network.write(prompts, choose, limit, self._ends)
            for job, tokens, cached in zip(group, written, self._network.cached, strict=True):
                yield job, self._reply(job, tokens, cached)

    def _score_options(self, job: Job) -> Reply:
        """Every option's wording by its mean log-likelihood a token, renormalised over the options."""
        options = options_in(job.request)
        wordings = [self._prompts.continuation(wording) for wording in options.values()]
        sums = self._network.log_likelihoods(job.tokens, wordings)
        means = torch.tensor([s / len(w) for s, w in zip(sums, wordings, strict=True)], dtype=torch.float64)
        logs = torch.log_softmax(means, dim=0)
        chosen = list(options)[job.choose(logs)]
        ranked = sorted(zip(options, logs.tolist(), strict=True), key=lambda pair: -pair[1])
        (cached,) = self._network.cached
        return Reply(chosen, tuple(ranked), "stop", len(job.tokens), 1, job.seconds, cached)

    def _alternatives(self, job: Job, chosen: int) -> tuple[tuple[str, float], ...] | None:
        """The likeliest first tokens, and every token that is a letter of the page, exactly."""
        logs = job.first
        if logs is None or not job.asks_logprobs:
            return None
        wanted = set(torch.topk(logs, min(job.request.config.logprobs or 1, len(logs))).indices.tolist())
        for letter in options_in(job.request):
            wanted.update(self._prompts.letters.get(letter, ()))
        wanted.add(chosen)
        by_text: dict[str, list[float]] = defaultdict(list)
        for token in wanted:
            by_text[self._prompts.text([token], skip_special=False)].append(float(logs[token]))
        # Two tokens may read alike, and whoever goes by the text would count one of them.
        summed = [(text, math.log(math.fsum(map(math.exp, values)))) for text, values in by_text.items()]
        return rank_alternatives(summed[0], [(text, min(lp, 0.0)) for text, lp in summed])

    def _reply(self, job: Job, tokens: list[int], cached: int) -> Reply:
        ended = tokens[-1] in self._ends
        text = self._prompts.text(tokens[:-1] if ended else tokens)
        for stop in job.request.config.stop or ():
            text, cut, _ = text.partition(stop)
            ended = ended or bool(cut)
        reason = "stop" if ended else "length"
        first = self._alternatives(job, tokens[0])
        return Reply(text, first, reason, len(job.tokens), len(tokens), job.seconds, cached)


def _extent(job: Job) -> tuple[int, int]:
    return len(job.tokens), job.limit


def _fail(jobs: Sequence[Job], error: Exception) -> None:
    """Tell everyone who has no reply yet."""
    for job in jobs:
        if not job.future.done():
            job.future.set_exception(error)
