"""The support judge that is an entailment model: of the hub or in a folder, in this process.

Two forms are known: classifiers of pairs, such as those trained on MNLI, whose labels are named
(`entailment`, `supported`), and classifiers in the manner of MiniCheck (Tang et al. 2024), whose
two labels have no names: evidence and claim are one text with the end token between them, and
label 1 is support. Evidence longer than the model reads is cut at sentences, and the piece that
supports most counts: nothing is left unread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES as KINDS,
)

from policies.extractive.candidates import split_sentences
from policies.models.base import ModelError
from policies.models.local.reading import (
    find_context,
    find_device,
    find_folder,
    one_line,
    quiet,
    refuse_foreign_code,
)
from reward.support import Case

SUPPORTS = frozenset(
    ("entailment", "entail", "entails", "entailed", "support", "supports", "supported",
     "consistent", "attributable")
)  # fmt: skip
"""Names that the label for support has, in lower case."""
UNNAMED = {0: "LABEL_0", 1: "LABEL_1"}
"""What transformers calls two labels without names."""
LEAST_ROOM = 32
"""Tokens of evidence below which a claim is too long to be judged."""


@dataclass(frozen=True, slots=True)
class EntailmentConfig:
    """How an entailment model is run."""

    piece: int = 400
    """Tokens of evidence that are judged at once."""
    batch: int = 16
    """Pairs that are run at the same time."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the model runs; auto: a CUDA device if there is one."""


class EntailmentJudge:
    """Judges by a sequence classifier. Runs in a thread of its own, so that others may go on."""

    def __init__(
        self,
        name: str,
        model: Any,  # noqa: ANN401 - a model of transformers
        tokenizer: Any,  # noqa: ANN401
        context: int,
        config: EntailmentConfig | None = None,
    ) -> None:
        """Wrap a model that is loaded.

        Raises:
            ModelError: its labels do not tell which one is support.
        """
        self.name = name
        self.config = config or EntailmentConfig()
        self._model = model
        self._tokenizer = tokenizer
        self._context = context
        self._label, self._joined = _support_label(name, model.config)
        self._turn = asyncio.Lock()

    async def judge(self, cases: Sequence[Case]) -> list[float]:
        """Return for each case the probability that the evidence supports the whole claim.

        Raises:
            ModelError: a claim is longer than the model reads, or the model gives no number.
        """
        async with self._turn:
            return await asyncio.to_thread(self._judge, list(cases))

    def _judge(self, cases: Sequence[Case]) -> list[float]:
        plain = [
            Case(self._plain(case.claim), tuple(map(self._plain, case.evidence))) for case in cases
        ]
        pairs = [
            (place, piece, case.claim)
            for place, case in enumerate(plain)
            for piece in self._pieces(case)
        ]
        # Pairs of like length share a batch, so that little is padding.
        pairs.sort(key=lambda pair: len(pair[1]) + len(pair[2]))
        best = [0.0] * len(cases)
        for start in range(0, len(pairs), self.config.batch):
            batch = pairs[start : start + self.config.batch]
            values = self._run([piece for _, piece, _ in batch], [claim for *_, claim in batch])
            for (place, *_), value in zip(batch, values, strict=True):
                best[place] = max(best[place], value)
        return best

    def _run(self, pieces: list[str], claims: list[str]) -> list[float]:
        inputs = self._encode(pieces, claims).to(self._model.device)
        with torch.inference_mode():
            scores = self._model(**inputs).logits.float()  # (pairs, labels)
        if not torch.isfinite(scores).all():
            raise ModelError(f"{self.name} gave no numbers: its weights are damaged")
        return [float(one) for one in scores.softmax(-1)[:, self._label]]

    def _encode(self, pieces: list[str], claims: list[str]) -> Any:  # noqa: ANN401
        if self._joined:
            end = self._tokenizer.eos_token or self._tokenizer.sep_token
            texts = [f"{one}{end}{other}" for one, other in zip(pieces, claims, strict=True)]
            return self._tokenizer(texts, padding=True, return_tensors="pt")
        return self._tokenizer(pieces, claims, padding=True, return_tensors="pt")

    def _pieces(self, case: Case) -> Iterator[str]:
        """Yield the evidence as texts that fit, cut at the ends of sentences."""
        room = self._context - len(self._encode([""], [case.claim]).input_ids[0])
        if room < LEAST_ROOM:
            raise ModelError(
                f"{self.name} reads {self._context} tokens, too few for a claim of "
                f"{len(case.claim)} characters: use a model with a longer context"
            )
        room = min(room, self.config.piece)
        piece: list[str] = []
        used = 0
        for sentence in self._sentences(case, room):
            length = self._count(sentence)
            if piece and used + length > room:
                yield "\n".join(piece)
                piece, used = [], 0
            piece.append(sentence)
            used += length
        if piece:
            yield "\n".join(piece)

    def _sentences(self, case: Case, room: int) -> Iterator[str]:
        """Yield the sentences of the evidence; one that is longer than there is room in halves."""
        for text in case.evidence:
            for line in text.split("\n"):
                for one in split_sentences(line):
                    yield from self._halves(one.text, room)

    def _halves(self, text: str, room: int) -> Iterator[str]:
        if self._count(text) <= room or len(text) < 2:
            yield text
            return
        middle = text.rfind(" ", 1, len(text) // 2 + 1)
        middle = middle if middle > 0 else len(text) // 2
        yield from self._halves(text[:middle], room)
        yield from self._halves(text[middle:].lstrip(), room)

    def _plain(self, text: str) -> str:
        """Take control tokens out of a text: a page must not end the evidence."""
        for token in self._tokenizer.all_special_tokens:
            text = text.replace(token, " ")
        return text

    def _count(self, text: str) -> int:
        # One more for the line's end between sentences.
        return len(self._tokenizer(text, add_special_tokens=False).input_ids) + 1


def open_entailment(name: str | Path, config: EntailmentConfig | None = None) -> EntailmentJudge:
    """Load an entailment model.

    Args:
        name: a folder with *.safetensors, or the name of a model on the hub.
        config: how it is run.

    Raises:
        ModelError: there is no such model, or it cannot tell support; says what to do.
    """
    config = config or EntailmentConfig()
    if config.piece < LEAST_ROOM or config.batch < 1:
        raise ModelError(f"a piece needs at least {LEAST_ROOM} tokens, and a batch one pair")
    folder = find_folder(str(name))
    refuse_foreign_code(folder)
    device = find_device(config.device)
    with one_line(folder, "classifier of sequences"), quiet():
        settings = AutoConfig.from_pretrained(folder, local_files_only=True)
        _check_kind(folder, settings)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model, found = AutoModelForSequenceClassification.from_pretrained(
            folder,
            config=settings,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
        if missing := sorted(found["missing_keys"]):
            raise ModelError(
                f"{folder} lacks {len(missing)} of the model's weights, such as {missing[0]}: it "
                "is no trained classifier, or not complete"
            )
        context = find_context(settings, tokenizer, 0)
        if tokenizer.model_max_length < context:
            # RoBERTa counts two places more than it can read.
            context = int(tokenizer.model_max_length)
        return EntailmentJudge(str(name), model.to(device).eval(), tokenizer, context, config)


def _check_kind(folder: Path, settings: Any) -> None:  # noqa: ANN401
    classes = settings.architectures or ()
    if classes and classes[0] not in set(KINDS.values()):
        raise ModelError(
            f"{folder} holds a {classes[0]}, which is no classifier of sequences: use an "
            "entailment model, such as one trained on MNLI"
        )


def _support_label(name: str, settings: Any) -> tuple[int, bool]:  # noqa: ANN401
    """Return the number of the label for support, and whether the pair is one text."""
    labels = {int(number): str(label) for number, label in settings.id2label.items()}
    if labels == UNNAMED:
        return 1, True
    found = [number for number, label in labels.items() if label.strip().lower() in SUPPORTS]
    if len(found) != 1:
        raise ModelError(
            f"{name} has the labels {', '.join(labels.values())}, and none or several of them "
            "mean support: name one `entailment` in id2label of its config.json"
        )
    return found[0], False
