"""A server on loopback that answers like one of the four kinds, or plays what a test asks for.

It knows the routes, the fields and the replies of each kind, as far as a client sees them, and no
model: what "the model" writes is a function of the request.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

KINDS = ("openai", "vllm", "llama.cpp", "ollama")
FORMS = {"vllm": "structured_outputs", "llama.cpp": "grammar"}
"""Where each kind takes a constraint; the others take `response_format`."""
OPENAI_FIELDS = {
    "model", "messages", "prompt", "max_tokens", "max_completion_tokens", "temperature", "seed",
    "n", "stop", "response_format", "logprobs", "top_logprobs", "top_p",
}  # fmt: skip
JSON = b"content-type: application/json\r\n"


@dataclass(frozen=True)
class Call:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    writer: asyncio.StreamWriter

    async def send(self, status: int, body: bytes, headers: bytes = JSON) -> None:
        """Reply."""
        head = b"HTTP/1.1 %d Some\r\n%scontent-length: %d\r\n\r\n" % (status, headers, len(body))
        self.writer.write(head + body)
        await self.writer.drain()

    async def json(self, document: object, status: int = 200, headers: bytes = b"") -> None:
        """Reply with JSON."""
        await self.send(status, json.dumps(document).encode(), JSON + headers)


Play = Callable[[Call], Awaitable[None]]


@dataclass
class FakeServer:
    """One server; `async with` starts it."""

    kind: str = "openai"
    writes: Callable[[dict[str, Any]], str] = lambda _body: "Search the moon"
    """What the model writes where nothing constrains it."""
    held: Callable[[dict[str, Any]], str] = lambda _body: "Search the moon"
    """The line that it writes where its form constrains it."""
    plays: list[Play] = field(default_factory=list)
    """Played in place of the next replies to completions."""
    always: Play | None = None
    """Played in place of every reply to a completion, when `plays` are over."""
    models: Play | None = None
    """Played in place of the list of models."""
    fields: set[str] | None = None
    """The fields that it takes; it answers 400 to others. None: all."""
    choices: int | None = None
    """Choices that it sends, whatever it was asked for."""
    logprobs: bool = True
    usage: bool = True
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    """Completions that were asked for."""
    asked: list[Call] = field(default_factory=list)
    """All that was asked for."""
    open: int = 0
    most_open: int = 0

    async def __aenter__(self) -> FakeServer:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            while await self._answer(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client hung up
        except asyncio.CancelledError:
            pass  # the test is over: a cancelled task would be told as an error
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader, writer) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        # Keys are case-sensitive: kept as they came.
        for line in head[1:]:
            if line.lower().startswith("authorization: "):
                headers["authorization"] = line[15:]
        call = Call(method, path, headers, json.loads(raw) if raw else {}, writer)
        self.asked.append(call)
        if method == "GET":
            await self._tell(call)
        else:
            self.calls.append(call)
            play = self.plays.pop(0) if self.plays else self.always or self.complete
            await play(call)
        return not writer.is_closing()

    async def _tell(self, call: Call) -> None:
        if call.path == "/v1/models" and self.models:
            await self.models(call)
            return
        document = self._told().get(call.path)
        await call.json(document or {"detail": "Not Found"}, 200 if document else 404)

    def _told(self) -> dict[str, object]:
        entry: dict[str, object] = {"id": "small", "object": "model", "owned_by": "somebody"}
        if self.kind == "vllm":
            entry |= {"owned_by": "vllm", "max_model_len": 5000}
        told: dict[str, object] = {"/v1/models": {"object": "list", "data": [entry]}}
        if self.kind == "vllm":
            told["/version"] = {"version": "0.33.0"}
        if self.kind == "llama.cpp":
            settings = {"n_ctx": 6000}
            told["/props"] = {"default_generation_settings": settings, "chat_template": "{{x}}"}
        if self.kind == "ollama":
            told["/api/version"] = {"version": "0.40.12"}
            told["/api/ps"] = {"models": [{"name": "small", "context_length": 7000}]}
        return told

    async def complete(self, call: Call) -> None:
        """Answer as this kind of server does."""
        body = call.body
        fields = OPENAI_FIELDS if self.kind == "openai" and self.fields is None else self.fields
        for name in body:
            if fields is not None and name not in fields:
                await call.json(refusal(name), 400)
                return
        count = self.choices if self.choices is not None else body.get("n", 1)
        texts = [self._text(body) for _ in range(count)]
        document: dict[str, object] = {"choices": [self._choice(call, text) for text in texts]}
        if self.usage:
            document["usage"] = {
                "prompt_tokens": 100,
                "completion_tokens": 7 * count,
                "prompt_tokens_details": {"cached_tokens": 64},
            }
        await call.json(document)

    def _text(self, body: dict[str, Any]) -> str:
        form = FORMS.get(self.kind, "response_format")
        return self.held(body) if form in body else self.writes(body)

    def _choice(self, call: Call, text: str) -> dict[str, object]:
        chat = "chat" in call.path
        choice: dict[str, object] = {"index": 0, "finish_reason": "stop"}
        choice |= {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
        if self.kind == "vllm" and call.body.get("return_token_ids"):
            choice["token_ids"] = [5, 6, 7]
            if self.logprobs and chat:
                choice["logprobs"] = {"content": [{"logprob": -0.5}] * 3}
            elif self.logprobs:
                choice["logprobs"] = {"token_logprobs": [-0.5] * 3}
        return choice


def refusal(name: str) -> dict[str, object]:
    """Return what OpenAI says to a field that a model does not take."""
    return {
        "error": {
            "message": f"Unsupported parameter: '{name}' is not supported with this model.",
            "type": "invalid_request_error",
            "param": name,
            "code": "unsupported_parameter",
        }
    }


def reply(text: object, finish: str = "stop", **more: object) -> Play:
    """Return a play: a completion with this text."""

    async def play(call: Call) -> None:
        message = {"role": "assistant", "content": text, **more}
        await call.json({"choices": [{"message": message, "finish_reason": finish}]})

    return play


def status(number: int, document: object = "", headers: bytes = b"") -> Play:
    """Return a play: a status and what goes with it."""

    async def play(call: Call) -> None:
        await call.json(document, number, headers)

    return play


def raw(data: bytes) -> Play:
    """Return a play: bytes, and then the end of the connection."""

    async def play(call: Call) -> None:
        call.writer.write(data)
        await call.writer.drain()
        call.writer.close()

    return play


def body(data: bytes, headers: bytes = b"") -> Play:
    """Return a play: status 200 and a body."""

    async def play(call: Call) -> None:
        await call.send(200, data, headers)

    return play


def endless(part: bytes, seconds: float = 0.0) -> Play:
    """Return a play: a reply in chunks that never ends."""

    async def play(call: Call) -> None:
        call.writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n" + JSON + b"\r\n")
        while True:
            call.writer.write(b"%x\r\n%s\r\n" % (len(part), part))
            await call.writer.drain()
            await asyncio.sleep(seconds)

    return play


async def silence(_call: Call) -> None:
    """Say nothing, for ever."""
    await asyncio.Event().wait()


async def hang_up(call: Call) -> None:
    """End the connection without a word."""
    call.writer.transport.abort()
