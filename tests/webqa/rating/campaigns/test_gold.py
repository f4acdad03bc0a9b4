"""Gold items: one for each pair, whoever judged it and how often; and what is left out, and why."""

from collections import Counter
from dataclasses import replace

import pytest

from env.errors import ConfigError
from env.records import to_json
from reward.comparisons import Comparison
from tests.webqa.rating.made_campaigns import collected, pair
from webqa.rating.campaigns.gathering import gather
from webqa.rating.campaigns.gold import TIE, read_gold
from webqa.rating.campaigns.sources import Collected
from webqa.rating.config import CampaignConfig, PairingConfig, SourceConfig
from webqa.rating.records import Planted, Task


def judged(number, preference, *, rater="ann", turned=False, **more):
    """Return what somebody said of a pair, as `webqa rate export` writes it for several raters."""
    one = pair(number, **more)
    first, second = (one.second, one.first) if turned else (one.first, one.second)
    return Comparison(f"{one.id}-{rater}", one.question, first, second, preference, rater=rater)


def gold(folder, *files):
    paths = []
    for number, lines in enumerate(files):
        path = folder / f"gold{number}.jsonl"
        path.write_bytes(
            b"".join((one if isinstance(one, bytes) else to_json(one)) + b"\n" for one in lines)
        )
        paths.append(path)
    left_out = Counter()
    return read_gold(paths, left_out), left_out


def test_several_raters_of_one_pair_are_one_gold_item_with_its_own_id(tmp_path):
    found, left_out = gold(
        tmp_path,
        [judged(1, -0.5), judged(1, 1.0, rater="bob", turned=True), judged(2, 1.0)],
        [judged(1, -1.0)],
    )
    assert [(one.id, sign) for one, sign in found] == [(pair(1).id, -1), (pair(2).id, 1)]
    assert not left_out


@pytest.mark.parametrize(
    "other", [judged(1, -0.5, rater="bob"), judged(1, 0.0), judged(1, 1.0, turned=True)]
)
def test_judgements_that_contradict_each_other_are_refused(tmp_path, other):
    with pytest.raises(ConfigError, match=r"those of 1 contradict one another, as of 'Why is"):
        gold(tmp_path, [judged(1, 1.0), judged(2, 1.0)], [other])


def test_what_cannot_be_gold_is_counted_by_its_reason(tmp_path):
    found, left_out = gold(
        tmp_path, [judged(1, 1.0), judged(2, 0.0), b"not JSON", b"not JSON either", b'{"a": 1}']
    )
    assert len(found) == 1
    assert left_out == {TIE: 1, "it is not JSON": 2, "of no known form": 1}
    with pytest.raises(ConfigError, match="ties alone"):
        gold(tmp_path, [judged(2, 0.0)])


def test_a_pair_of_the_campaign_that_is_gold_is_counted_whichever_side_was_first():
    one = pair(1)
    turned = replace(one, id="other", first=one.second, second=one.first)
    made = collected([one, pair(2)], gold=[(turned, 1)])
    assert [(item.key, item.expected) for item in made.items] == [("other", 1), (pair(2).id, None)]
    assert (made.now_gold, made.left_out) == (1, {})


def test_tasks_of_a_trial_that_look_alike_are_several():
    made = Collected("detailed")
    for name in ("one", "other"):
        made.task(Task(replace(pair(1), id=name), planted=Planted("first", "")))
    assert len(made.items) == 2


def test_gold_that_stands_out_by_its_lack_of_quotes_is_counted():
    plain = pair(3, first="No source.")
    assert collected([pair(1)], gold=[(plain, 1), (pair(2), 1)]).plain_gold == 1
    assert collected([pair(1, first="None.")], gold=[(plain, 1)]).plain_gold == 0
    assert collected([pair(1)], gold=[(plain, 1)], profile="minimal").plain_gold == 0


def test_a_trial_takes_no_gold_for_its_items_ask_more(tmp_path):
    gold(tmp_path, [judged(1, 1.0)])
    (tmp_path / "tasks.jsonl").write_bytes(to_json(Task(pair(2), planted=Planted("first", ""))))
    sources = SourceConfig(tasks=(tmp_path / "tasks.jsonl",), gold=(tmp_path / "gold0.jsonl",))
    with pytest.raises(ConfigError, match="Leave --gold out"):
        gather(sources, PairingConfig(), CampaignConfig())
    (tmp_path / "tasks.jsonl").write_bytes(to_json(Task(pair(2))))
    assert len(gather(sources, PairingConfig(), CampaignConfig()).collected.items) == 2
