"""The policy of fixed lines."""

from env.records import Completion, Observation
from policies.scripted import ScriptedPolicy


async def test_the_lines_come_in_order_then_the_end_then_the_answer():
    policy = ScriptedPolicy(["Search sky", "Top"], "Blue [1].")
    texts = [(await policy.act(Observation("Why?"))).text for _ in range(4)]
    assert texts == ["Search sky", "Top", "End: Answer", "End: Answer"]
    assert await policy.act(Observation("Why?", answering=True)) == Completion("Blue [1].")
