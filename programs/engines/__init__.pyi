from .base import Engine, EngineKind, InProcess, Replier, SyncEngine
from .connecting import connect
from .kinds import ENGINES, engine_kind
from .limits import Usage, estimated_tokens, prompt_bytes, tallied
from .lm import language_model
from .model import Model
from .openai_batches import BatchServer
from .openai_http import OpenAIHTTP
from .openai_wire import ErrorInsteadError, OpenAIWire
from .patient import RefusedError, is_probing
from .repeated_draws import RepeatedDraws
from .replies import (
    POSTPONED,
    REASONING_ONLY,
    AnswerStore,
    AskedAnew,
    MemoryStore,
    Reply,
    ReplyFailure,
    key_of_content,
    keys_of_texts,
    reply_key,
    request_content,
)
from .serving import Several, SyntheticServer
from .serving_faults import FAULTS, FaultPlan
from .serving_quirks import QUIRKS
from .settings import Aside, EngineSettings, Prices, without_keys
from .threads import run_in_background
from .vetting import Secrets, fit_to_keep
from .waiting import Tell, nobody

__all__ = [
    "ENGINES",
    "FAULTS",
    "POSTPONED",
    "QUIRKS",
    "REASONING_ONLY",
    "AnswerStore",
    "Aside",
    "AskedAnew",
    "BatchServer",
    "Engine",
    "EngineKind",
    "EngineSettings",
    "ErrorInsteadError",
    "FaultPlan",
    "InProcess",
    "MemoryStore",
    "Model",
    "OpenAIHTTP",
    "OpenAIWire",
    "Prices",
    "RefusedError",
    "RepeatedDraws",
    "Replier",
    "Reply",
    "ReplyFailure",
    "Secrets",
    "Several",
    "SyncEngine",
    "SyntheticServer",
    "Tell",
    "Usage",
    "connect",
    "engine_kind",
    "estimated_tokens",
    "fit_to_keep",
    "is_probing",
    "key_of_content",
    "keys_of_texts",
    "language_model",
    "nobody",
    "prompt_bytes",
    "reply_key",
    "request_content",
    "run_in_background",
    "tallied",
    "without_keys",
]
