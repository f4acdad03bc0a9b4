"""Rewards as log-odds: a temperature, and how much length is liked, fitted on held-out pairs.

A logistic regression with one or two weights (Guo et al. 2017, section 4.2, for pairs). Knows
arrays, no model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reward.training.metrics import Floats, ScoredPairs

RIDGE = 0.1
"""Keeps the weights finite where the pairs can be told apart without a fault."""
COLDEST, HOTTEST = 0.02, 50.0
"""Of the temperature, in standard deviations of the differences."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How rewards become log-odds."""

    temperature: float = 1.0
    length: float = 0.0
    """Log-odds for a hundred words more."""


def calibrate(judged: ScoredPairs, *, length_term: bool = False) -> Calibration:
    """Fit on pairs, without ties: 0.73 is then the probability among those who do prefer one."""
    judged = judged.part(judged.preference != 0)
    if not len(judged.preference):
        return Calibration()
    apart = judged.lengths[:, 0] - judged.lengths[:, 1]
    targets = 0.5 + 0.5 * np.sign(judged.preference)
    size = _size(judged.difference)
    columns = [judged.difference / size]
    if length_term:
        columns.append(apart / _size(apart))
    weights = _logistic(np.stack(columns, axis=1), targets)
    slope = min(max(weights[0], 1 / HOTTEST), 1 / COLDEST)
    return Calibration(size / slope, weights[1] / _size(apart) if length_term else 0.0)


def calibrated(judged: ScoredPairs, calibration: Calibration) -> ScoredPairs:
    """Return the pairs with differences in log-odds."""
    apart = judged.lengths[:, 0] - judged.lengths[:, 1]
    difference = judged.difference / calibration.temperature + calibration.length * apart
    return ScoredPairs(difference, judged.preference, judged.lengths, judged.questions)


def crossed(judged: ScoredPairs, *, length_term: bool = False) -> ScoredPairs:
    """Return calibrated pairs, each by a calibration fitted on the other half of the questions.

    What is measured on them is honest, and what a calibration on all of them is for the future.
    """
    difference = judged.difference.copy()
    for half in (0, 1):
        here = judged.questions % 2 == half
        if here.any() and (judged.preference[~here] != 0).any():
            fitted = calibrate(judged.part(~here), length_term=length_term)
            difference[here] = calibrated(judged.part(here), fitted).difference
    return ScoredPairs(difference, judged.preference, judged.lengths, judged.questions)


def _size(values: Floats) -> float:
    """Return the root of the mean square, or 1 where all is 0."""
    return float(np.sqrt(np.mean(values**2))) or 1.0


def _logistic(columns: Floats, targets: Floats) -> list[float]:
    """Return the weights of a logistic regression without a constant, by Newton's method.

    Args:
        columns: (pairs, weights), each of size about 1.
        targets: (pairs,) probabilities.
    """
    weights = np.zeros(columns.shape[1])
    for _ in range(50):
        probability = 1 / (1 + np.exp(-np.clip(columns @ weights, -30, 30)))
        slope = columns.T @ (probability - targets) + RIDGE * weights
        bend = (columns.T * (probability * (1 - probability))) @ columns
        step = np.linalg.solve(bend + RIDGE * np.eye(len(weights)), slope)
        # A long step of Newton's may overshoot where the curve is flat.
        weights -= step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    return [float(weight) for weight in weights]
