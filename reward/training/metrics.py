"""How well rewards foretell preferences, in arrays. Knows no model.

Ties are left out of all but their own count: nobody can be right about them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reward.training.config import SLIGHT

Floats = NDArray[np.float64]

BINS = 10
"""Of the calibration error, over the probability of the more probable answer, from 0.5 to 1."""
ALIKE = 0.1
"""Answers whose lengths differ by at most this share of the longer one are of like length."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoredPairs:
    """Pairs that people judged, side by side."""

    difference: Floats
    """(pairs,) the first answer's reward less the second one's."""
    preference: Floats
    """(pairs,) from +1 (the first is much better) to -1."""
    lengths: Floats
    """(pairs, 2) in hundreds of words."""
    questions: NDArray[np.int64]
    """(pairs,) number of the question."""

    def part(self, chosen: NDArray[np.bool_]) -> ScoredPairs:
        """Return some of the pairs."""
        return ScoredPairs(
            self.difference[chosen],
            self.preference[chosen],
            self.lengths[chosen],
            self.questions[chosen],
        )


def measure_pairs(judged: ScoredPairs) -> dict[str, float]:
    """Return what can be said of rewards.

    `accuracy` (equal rewards count a half), `log_loss` and `ece` without ties; `loss` is the
    cross-entropy with ties as a half; `accuracy/...` of pairs by how sure the model was, by how
    sure the people were, and by which answer was longer; `length_only`, the accuracy of calling
    the longer answer better.
    """
    clear = judged.part(judged.preference != 0)
    right, probability = _right(clear), _sigmoid(clear.difference * np.sign(clear.preference))
    soft = 0.5 + 0.5 * np.sign(judged.preference)
    found = {
        "loss": float(_cross_entropy(judged.difference, soft).mean()),
        "pairs": float(len(judged.preference)),
        "ties": float((judged.preference == 0).sum()),
        "accuracy": float(right.mean()),
        "log_loss": float(-np.log(np.maximum(probability, 1e-300)).mean()),
        "ece": calibration_error(probability),
        "length_only": float(_longer(clear).mean()),
    }
    for name, chosen in _cuts(clear):
        if chosen.any():
            found[f"accuracy/{name}"] = float(right[chosen].mean())
            found[f"pairs/{name}"] = float(chosen.sum())
    return found


def calibration_error(probability: Floats) -> float:
    """Return the expected calibration error of pairs without ties.

    Args:
        probability: (pairs,) that the model gave to the answer which was preferred.
    """
    sure = np.maximum(probability, 1 - probability)
    right = np.where(probability == 0.5, 0.5, probability > 0.5)
    places = np.minimum(((sure - 0.5) * 2 * BINS).astype(int), BINS - 1)
    off = [abs(right[places == place].sum() - sure[places == place].sum()) for place in range(BINS)]
    return float(sum(off) / max(1, len(probability)))


def _right(judged: ScoredPairs) -> Floats:
    """Return 1 where the preferred answer has the higher reward, and a half for equal ones."""
    return 0.5 + 0.5 * np.sign(judged.difference * judged.preference)


def _longer(judged: ScoredPairs) -> Floats:
    """Return 1 where the longer answer is preferred, and a half for equal lengths."""
    return 0.5 + 0.5 * np.sign((judged.lengths[:, 0] - judged.lengths[:, 1]) * judged.preference)


def _cuts(judged: ScoredPairs) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    margin = np.abs(judged.difference)
    edges = np.quantile(margin, [0, 1 / 3, 2 / 3, 1]) if len(margin) else np.zeros(4)
    yield "unsure", margin <= edges[1]
    yield "between", (margin > edges[1]) & (margin <= edges[2])
    yield "sure", margin > edges[2]
    strong = np.abs(judged.preference) > SLIGHT
    if strong.any() and not strong.all():
        yield "much_better", strong
        yield "slightly_better", ~strong
    apart = judged.lengths[:, 0] - judged.lengths[:, 1]
    alike = np.abs(apart) <= ALIKE * judged.lengths.max(axis=1, initial=0.0)
    yield "longer_preferred", ~alike & (apart * judged.preference > 0)
    yield "shorter_preferred", ~alike & (apart * judged.preference < 0)
    yield "of_like_length", alike


def _sigmoid(values: Floats) -> Floats:
    small = np.exp(-np.abs(values))
    return np.asarray(np.where(values >= 0, 1.0, small) / (1 + small))


def _cross_entropy(logits: Floats, targets: Floats) -> Floats:
    return np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
