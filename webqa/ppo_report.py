"""The report of reinforcement learning: its curves, and episodes to read. Knows no training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from env.jsonl import read
from env.records import Episode
from policies.checkpoints import read_metrics, write_whole
from reward.ppo.played import READ, Played
from webqa.drawing import shown
from webqa.report import Chart, Line, Table, render_report

REPORT = "report.html"
LONGEST = 600
"""Characters of a text that are shown."""


def write_report(
    out: Path, settings: Mapping[str, object], update: int, measured: Mapping[str, float]
) -> None:
    """Write report.html from the metrics and the episodes of a training."""
    lines = read_metrics(out)
    facts = {"Weights kept after update": f"{update:,}"}
    for name, label in FACTS.items():
        if name in measured:
            facts[label] = shown(measured[name])
    page = render_report(
        f"Reinforcement learning into {out.resolve().name}",
        lines,
        charts(lines),
        facts,
        settings,
        more=list(_tables(out)),
    )
    write_whole(out / REPORT, page)


FACTS = {
    "reward/score": "Score",
    "reward/held_out": "Score of the held-out scorer",
    "kl/episode": "Nats from the cloned policy, per episode",
    "episodes/answered": "Share answered",
    "engine/largest_gap": "Largest gap between engine and trainer, nats",
}


def charts(lines: Sequence[Line]) -> list[Chart]:
    """Return the charts that lines of a training have values for."""
    names = sorted({name for line in lines for name in line})

    def under(prefix: str) -> tuple[tuple[str, str], ...]:
        return tuple((name, name.split("/")[1]) for name in names if name.startswith(f"{prefix}/"))

    scores = (("reward/score", "learnt"), ("reward/held_out", "held-out scorer"))
    # Without an overseer all commands are worth 0: nothing to be seen.
    overseen = any(line.get("reward/of_steps") for line in lines)
    judged = (("reward/of_steps", "reward"),) if overseen else ()
    return [
        Chart("Score", "Mean of the answers; at first only the critic learns.", scores),
        Chart(
            "Score against divergence",
            "Across: square root of the nats from the cloned policy, per episode.",
            scores,
            by="kl/root",
        ),
        Chart("Parts of the score", "", under("reward_part")),
        Chart("Reward of commands", "An overseer's.", judged),
        Chart("Divergence of an episode", "Nats.", (("kl/episode", "nats"),)),
        Chart("Divergence by kind", "Nats a token that was chosen.", under("kl_of")),
        Chart("Entropy by kind", "Nats a token that was chosen.", under("entropy_of")),
        Chart(
            "Explained variance", "Of the returns, by the critic.",
            (("critic/explained_variance", "share"),),
        ),
        Chart(
            "Movement in an update", "Nats a token, and share of the tokens that were clipped.",
            (("policy/approximate_kl", "divergence"), ("policy/clip_fraction", "clipped")),
        ),
        Chart("How episodes went", "Shares.", _named(
            "episodes", "answered", "without_quote", "out_of_actions", "not_carried_out",
            "repeated", "invalid",
        )),
        Chart("Commands", "Shares.", under("share")),
        Chart("Actions and quotes", "Per episode.", _named("episodes", "actions", "quotes")),
        Chart("Length of answers", "Characters.", _named("answers", "characters")),
        Chart("Citations", "Per answer.", _named("answers", "citations")),
        Chart(
            "Spread of scores", "Standard deviation: of all, and among answers to one browse.",
            (("reward/spread", "all"), ("reward/spread_of_answers", "of a browse")),
        ),
        Chart(
            "Engine beside trainer", "Nats by which a token's log-probability differs.",
            (("engine/largest_gap", "largest"), ("engine/mean_gap", "mean")),
        ),
        Chart("Time", "Seconds of an update.", under("time")),
    ]  # fmt: skip


def _named(group: str, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"{group}/{name}", name.replace("_", " ")) for name in names)


def _tables(out: Path) -> Iterator[Table]:
    """Yield episodes of the first and the last update."""
    files = sorted((out / READ).glob("update-*.jsonl"))
    for file in dict.fromkeys([*files[:1], *files[-1:]]):
        rows = list(read(file, Played))
        yield Table(
            f"Episodes played before update {rows[0].update if rows else 0}",
            "More of them, and of other updates, are in the folder read.",
            [["Question", "Score", "Commands", "Answer"], *map(_shown, rows)],
            words=True,
        )


def _shown(row: Played) -> list[str]:
    episode = row.episode
    commands = [step.completion.text for step in episode.steps if not step.observation.answering]
    return [
        episode.question.text[:LONGEST],
        shown(row.score),
        " / ".join(commands)[:LONGEST],
        answer_of(episode)[:LONGEST],
    ]


def answer_of(episode: Episode) -> str:
    """Return an episode's answer, or how it ended without one."""
    return episode.answer.text if episode.answer else f"({episode.ended})"
