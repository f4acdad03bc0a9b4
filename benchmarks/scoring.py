"""How long a reward model takes for the answers to one browse: together, and one at a time.

The answers share question and quotes, as sixteen samples on one answering prompt do. Prints the
median of several rounds, and by how much the scores differ.

    python -m benchmarks.scoring MODEL [--answers 16] [--quotes 4] [--words 40]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from env.records import Answer, Quote


def make_answers(number: int, quotes: int, words: int) -> list[Answer]:
    """Return answers to one question with the same quotes, each with words of its own."""
    text = "On a clear day the sky looks blue, for air scatters short waves more than long ones. "
    shown = tuple(Quote(text * 3, f"Page {place}", "sky.example") for place in range(quotes))
    own = text.replace(".", "").split()
    return [
        Answer(
            "Why is the sky blue?",
            " ".join(own[(one + place) % len(own)] for place in range(words)) + " [1].",
            shown,
        )
        for one in range(number)
    ]


def median(act: Callable[[], object], rounds: int) -> float:
    """Return the processor seconds that an act takes, the first one not counted."""
    act()
    spent = []
    for _ in range(rounds):
        begin = time.process_time()
        act()
        spent.append(time.process_time() - begin)
    return statistics.median(spent)


def main() -> None:
    """Measure and print."""
    import torch

    from reward.classifier import open_classifier
    from reward.running import score_readings

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--answers", type=int, default=16)
    parser.add_argument("--quotes", type=int, default=4)
    parser.add_argument("--words", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    classifier = open_classifier(options.model, seed=0)
    answers = make_answers(options.answers, options.quotes, options.words)
    readings = [classifier.reader.read(answer) for answer in answers]
    together = median(lambda: score_readings(classifier, readings), options.rounds)
    alone = median(lambda: [score_readings(classifier, [one]) for one in readings], options.rounds)
    ours = score_readings(classifier, readings)
    theirs = torch.cat([score_readings(classifier, [one]) for one in readings])
    begin = readings[0].begin
    print(
        f"{options.answers} answers of {len(readings[0].ids) - begin} tokens, "
        f"behind a prompt of {begin}"
    )
    print(f"together {together:.3f} s, one at a time {alone:.3f} s: {alone / together:.1f} times")
    print(f"greatest difference of a score {float((ours - theirs).abs().max()):.1e}")


if __name__ == "__main__":
    main()
