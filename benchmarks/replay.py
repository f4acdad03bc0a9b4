"""Whether a replay is the recording, byte for byte, and what recording costs.

    python -m benchmarks.replay --web DIR --questions FILE [--episodes 200]
    python -m benchmarks.replay --web sample

Runs episodes of the extractive policy over an offline web, without and with recording, at one
concurrency and in one order; replays them from the cassette at another, in another order; compares
every observation, every line of the policy and every answer.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

from benchmarks.questions import read_questions
from env.records import Question, to_json
from env.web.base import Web
from env.web.cassette.recording import record
from env.web.cassette.replaying import CassetteWeb
from env.web.cassette.warc import export_warc
from env.web.corpus import open_corpus
from policies.base import Setup, run_episodes
from policies.extractive import ExtractivePolicy
from webqa.sample_index import SAMPLE_FILES
from webqa.webs import SAMPLE, open_web


async def run(web: Web, questions: Sequence[Question], concurrency: int) -> dict[str, bytes]:
    """Return by question everything that an episode was shown, wrote and answered."""
    told: dict[str, bytes] = {}
    setup = Setup(web)
    episodes = run_episodes(
        lambda _seed: ExtractivePolicy(), questions, setup, concurrency=concurrency
    )
    async for rollout in episodes:
        episode = rollout.episode
        if episode.ended == "failed":
            print(f"episode {episode.question.id} failed: {episode.error}")
        told[episode.question.id] = to_json(
            (episode.steps, episode.answer, episode.ended, episode.error)
        )
    return told


def timed(
    web: Web, questions: Sequence[Question], concurrency: int
) -> tuple[dict[str, bytes], float]:
    """Run the questions and return what came, and seconds."""
    began = time.perf_counter()
    told = asyncio.run(run(web, questions, concurrency))
    return told, time.perf_counter() - began


def asked(path: Path, episodes: int) -> list[Question]:
    """Return so many questions; those of a short file are asked again under another id."""
    found = read_questions(path)
    rounds = (replace(one, id=f"{one.id}-{n}") for n in count() for one in found)
    return list(islice(rounds, episodes))


def main() -> None:
    """Record, replay, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--web", default=SAMPLE)
    parser.add_argument("--questions", type=Path, default=SAMPLE_FILES.parent / "questions.jsonl")
    parser.add_argument("--episodes", type=int, default=200)
    given = parser.parse_args()
    questions = asked(given.questions, given.episodes)
    # Without the vectors of an index: an encoder would have to be loaded for the replay as well.
    web = open_web(SAMPLE) if given.web == SAMPLE else open_corpus(Path(given.web), dense=False)
    plain, plainly = timed(web, questions, 8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "replay.cassette")
        recording = record(path, lambda _heard: web)
        recorded, recording_took = timed(recording, questions, 8)
        recording.close()
        began = time.perf_counter()
        cassette = CassetteWeb(path)
        opening_took = time.perf_counter() - began
        shuffled = random.Random(0).sample(questions, len(questions))
        replayed, replaying_took = timed(cassette, shuffled, 3)
        pages = len(cassette.pages())
        cassette.close()
        began = time.perf_counter()
        exported = export_warc(path, Path(folder, "out.warc.gz"))
        exporting_took = time.perf_counter() - began
        size = path.stat().st_size
    identical = sum(recorded[one.id] == replayed[one.id] for one in questions)
    same = sum(plain[one.id] == recorded[one.id] for one in questions)
    print(f"{len(questions)} episodes, {pages} different pages, cassette of {size / 1e6:.2f} MB")
    print(f"replay identical to the recording: {identical} of {len(questions)}")
    print(f"recording identical to the web itself: {same} of {len(questions)}")
    print(
        f"seconds: without a cassette {plainly:.1f}, recording {recording_took:.1f}, "
        f"opening {opening_took:.3f}, replaying {replaying_took:.1f}"
    )
    print(f"as WARC: {exported.bytes / 1e6:.2f} MB in {exporting_took:.1f} s")
    if identical < len(questions):
        raise SystemExit("the replay is not the recording")


if __name__ == "__main__":
    main()
