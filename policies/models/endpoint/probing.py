"""What a server is, found out by a few cheap requests. Knows no prompts.

Where each kind tells it: vLLM lists `max_model_len` and answers /version; llama.cpp shows its
settings at /props; Ollama answers /api/version and tells the context of loaded models at /api/ps;
any other is taken for plain OpenAI.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import msgspec

from policies.models.endpoint.address import Key
from policies.models.endpoint.asking import Asker
from policies.models.endpoint.config import EndpointConfig, Kind
from policies.models.endpoint.faults import Fault
from policies.models.endpoint.outside import Budget, Outside
from policies.models.endpoint.replicas import Replicas
from policies.models.endpoint.transport import Reply
from policies.models.endpoint.words import words_of

SECONDS = 30.0
EXTRA_SECONDS = 5.0
"""For the list of models, and for each of the other requests, which may fail."""
_OLLAMA_CONTEXT = 4096
"""Ollama's smallest default; longer prompts are cut without a word."""
_OWNERS: dict[object, Kind] = {"vllm": "vllm", "llamacpp": "llama.cpp", "library": "ollama"}
_MOST_MODELS = 1000


@dataclass(frozen=True, slots=True)
class Known:
    """What a server told of itself."""

    kind: Kind = "openai"
    context: int = 0
    """Tokens; 0: it does not tell."""
    models: tuple[str, ...] = ()
    """Names that it lists; one that is not listed may work as well."""
    chat: bool = True
    """False where it says that the model has no chat template."""


class Prober:
    """Asks a server what it is."""

    def __init__(
        self, asker: Asker, replicas: Replicas, key: Key, config: EndpointConfig, outside: Outside
    ) -> None:
        self._asker = asker
        self._replicas = replicas
        self._key = key
        self._config = config
        self._outside = outside

    async def probe(self, name: str) -> Known:
        """Find out what the server of a model is.

        Raises:
            Fault: it cannot be reached, or refuses the key.
        """
        listed = await self._listed()
        entry = next((entry for entry in listed if entry.get("id") == name), None)
        models = tuple(str(entry.get("id")) for entry in listed)
        if entry is None and len(listed) == 1:
            entry = listed[0]  # a server of one model, called by another name
        kind = self._config.kind if self._config.kind != "auto" else _kind_of(entry)
        props, version, ollama, loaded = await self._extras(kind)
        if kind is None:
            kind = _kind_by(props, version, ollama)
        if kind == "vllm":
            return Known(kind, _whole((entry or {}).get("max_model_len")), models)
        if kind == "llama.cpp":
            settings = props.get("default_generation_settings")
            context = _whole(settings.get("n_ctx")) if isinstance(settings, dict) else 0
            return Known(kind, context, models, props.get("chat_template") != "")
        if kind == "ollama":
            return Known(kind, _loaded_context(loaded, name), models)
        return Known(kind, _whole((entry or {}).get("max_model_len")), models)

    async def _listed(self) -> list[dict[str, object]]:
        budget = Budget(min(SECONDS, self._config.seconds), self._outside.clock)
        reply = await self._asker.ask("GET", "/models", budget=budget, final=_unknown)
        if reply.status in (401, 403):
            raise refused_key(reply, self._key)
        data = _object(reply).get("data")
        if not isinstance(data, list):
            return []
        return [entry for entry in data[:_MOST_MODELS] if isinstance(entry, dict)]

    async def _extras(self, kind: Kind | None) -> list[dict[str, object]]:
        """Ask where the kinds differ, all at once; what is not there comes back empty."""
        wanted = {
            "/props": kind in (None, "llama.cpp"),
            "/version": kind is None,
            "/api/version": kind is None,
            "/api/ps": kind in (None, "ollama"),
        }
        return await asyncio.gather(
            *(self._extra(path) if asked else _nothing() for path, asked in wanted.items())
        )

    async def _extra(self, path: str) -> dict[str, object]:
        transport = self._replicas.choose("probe", set()).transport
        budget = Budget(min(EXTRA_SECONDS, self._config.seconds), self._outside.clock)
        url = transport.address.root + path
        try:
            return _object(await transport.send("GET", url, None, key="", budget=budget))
        except Fault:
            return {}


def refused_key(reply: Reply, key: Key) -> Fault:
    """Return the fault of a server that wants another key."""
    said = key.said(words_of(reply.body).text)
    variable = key.variable or "a variable that --server.key-variable names"
    todo = f"check the key in {variable}" if key else f"put a key into {variable}"
    return Fault(f"the server refused access (status {reply.status}): {todo}. It says: {said}")


async def _nothing() -> dict[str, object]:
    return {}


def _unknown(reply: Reply) -> bool:
    """Tell whether a server cannot list its models; `transformers serve` may answer with 500."""
    return reply.status in (500, 501)


def _object(reply: Reply) -> dict[str, object]:
    """Return the JSON object of a reply, an empty one where there is none."""
    if reply.status != 200:
        return {}
    try:
        document = msgspec.json.decode(reply.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _kind_of(entry: dict[str, object] | None) -> Kind | None:
    owner = (entry or {}).get("owned_by")
    return _OWNERS.get(owner) if isinstance(owner, str) else None


def _kind_by(
    props: dict[str, object], version: dict[str, object], ollama: dict[str, object]
) -> Kind:
    if "default_generation_settings" in props:
        return "llama.cpp"
    if isinstance(ollama.get("version"), str):
        return "ollama"
    return "vllm" if isinstance(version.get("version"), str) else "openai"


def _loaded_context(loaded: dict[str, object], name: str) -> int:
    models = loaded.get("models")
    for model in models if isinstance(models, list) else ():
        if isinstance(model, dict) and name in (model.get("name"), model.get("model")):
            return _whole(model.get("context_length")) or _OLLAMA_CONTEXT
    return _OLLAMA_CONTEXT


def _whole(number: object) -> int:
    """Return a number of tokens that makes sense, else 0."""
    if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 10**9:
        return number
    return 0
