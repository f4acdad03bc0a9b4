"""How well the judges of support agree with people, on claims and evidence that people judged.

    python -m benchmarks.support --claims FILE.jsonl.gz [--model FOLDER_OR_NAME ...] [--limit N]

The file has JSON lines with `claim`, `evidence` (sentences) and `label`: `supported`,
`partially_supported` or `not_supported`, as those of WiCE (Kamoi et al. 2023). Told are the area
under the ROC curve with its 95 % interval (bootstrap over the claims), the accuracy balanced over
both classes at the best threshold, log-loss and calibration error, for `supported` against the
rest; and the area for `not_supported` against the rest. Chance is 0.5.

The coefficients of the judge by rules were fitted to such claims, so its figures come from five
folds: each fifth is judged by coefficients fitted to the others. `as shipped` is the judge itself.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reward.support import Case, RuleJudge, features, open_support_judge

FOLDS, DRAWS, BINS = 5, 1000, 10
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim as people judged it."""

    case: Case
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """How well probabilities agree with people."""

    area: float
    low: float
    high: float
    balanced: float
    loss: float
    error: float


def read_claims(path: Path) -> list[Judged]:
    """Read the file, packed or not."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    return [Judged(Case(row["claim"], ("\n".join(row["evidence"]),)), row["label"]) for row in rows]


def area(values: Numbers, right: NDArray[np.bool_]) -> float:
    """Return the probability that a supported claim gets more than another; ties count half."""
    order = np.sort(values[~right])
    below = np.searchsorted(order, values[right], "left")
    equal = np.searchsorted(order, values[right], "right") - below
    return float(np.mean((below + equal / 2) / len(order)))


def measure(values: Numbers, right: NDArray[np.bool_], seed: int = 0) -> Row:
    """Compare probabilities with what people said."""
    draw = np.random.default_rng(seed)
    areas: list[float] = []
    while len(areas) < DRAWS:
        chosen = draw.integers(0, len(values), len(values))
        if 0 < right[chosen].sum() < len(chosen):
            areas.append(area(values[chosen], right[chosen]))
    low, high = np.quantile(areas, [0.025, 0.975])
    sure = np.clip(values, 1e-6, 1 - 1e-6)
    loss = -np.mean(np.where(right, np.log(sure), np.log(1 - sure)))
    return Row(
        area(values, right), float(low), float(high), _balanced(values, right), float(loss),
        _calibration(values, right),
    )  # fmt: skip


def _balanced(values: Numbers, right: NDArray[np.bool_]) -> float:
    found = [(values[right] >= one).mean() + (values[~right] < one).mean() for one in values]
    return float(max(found) / 2)


def _calibration(values: Numbers, right: NDArray[np.bool_]) -> float:
    bins = np.minimum((values * BINS).astype(int), BINS - 1)
    gaps = [
        (bins == one).mean() * abs(values[bins == one].mean() - right[bins == one].mean())
        for one in range(BINS)
        if (bins == one).any()
    ]
    return float(sum(gaps))


def fit(inputs: Numbers, right: NDArray[np.bool_], ridge: float = 1.0) -> Numbers:
    """Return the intercept and the coefficients of a logistic regression, by Newton's method."""
    table = np.c_[np.ones(len(inputs)), inputs]
    penalty = ridge * np.diag(np.r_[0.0, np.ones(inputs.shape[1])])
    weights = np.zeros(table.shape[1])
    for _ in range(30):
        sure = 1 / (1 + np.exp(-table @ weights))
        slope = table.T @ (sure - right) + penalty @ weights
        weights -= np.linalg.solve((table.T * (sure * (1 - sure))) @ table + penalty, slope)
    return weights


def in_folds(claims: Sequence[Judged], right: NDArray[np.bool_], seed: int = 0) -> Numbers:
    """Return what the judge by rules says of claims that it was not fitted to."""
    inputs = np.array([features(one.case) for one in claims])
    order = np.random.default_rng(seed).permutation(len(claims))
    values = np.zeros(len(claims))
    for fold in range(FOLDS):
        held = order[fold::FOLDS]
        rest = np.setdiff1d(order, held)
        weights = fit(inputs[rest], right[rest])
        values[held] = 1 / (1 + np.exp(-weights[0] - inputs[held] @ weights[1:]))
    return values


def main() -> None:
    """Judge the claims and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=Path, required=True)
    parser.add_argument("--model", action="append", default=[], metavar="FOLDER_OR_NAME")
    parser.add_argument("--limit", type=int, default=0)
    given = parser.parse_args()
    claims = read_claims(given.claims)[: given.limit or None]
    whole = np.array([one.label == "supported" for one in claims])
    some = np.array([one.label != "not_supported" for one in claims])
    print(f"{len(claims)} claims, {whole.sum()} supported, {some.sum()} at least in part")
    print(
        "| judge | AUC | 95 % | balanced accuracy | log-loss | calibration error "
        "| AUC, any support | 95 % |"
    )
    print("|---" * 8 + "|")
    share = np.full(len(claims), whole.mean())
    _show("always the share", whole, some, share)
    coverage = np.array([features(one.case).covered for one in claims])
    _show("words in common alone", whole, some, coverage)
    _show("rules, five folds", whole, some, in_folds(claims, whole))
    for name in ["", *given.model]:
        begin = time.perf_counter()
        judge = open_support_judge(name)
        values = np.array(asyncio.run(judge.judge([one.case for one in claims])))
        _show("rules, as shipped" if isinstance(judge, RuleJudge) else name, whole, some, values)
        print(f"<!-- {(time.perf_counter() - begin) / len(claims) * 1000:.1f} ms a claim -->")


def _show(name: str, whole: NDArray[np.bool_], some: NDArray[np.bool_], values: Numbers) -> None:
    one, other = measure(values, whole), measure(values, some)
    print(
        f"| {name} | {one.area:.3f} | {one.low:.3f} to {one.high:.3f} | {one.balanced:.3f} "
        f"| {one.loss:.3f} | {one.error:.3f} | {other.area:.3f} | {other.low:.3f} to "
        f"{other.high:.3f} |"
    )


if __name__ == "__main__":
    main()
