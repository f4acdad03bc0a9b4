"""Ranking: what speaks for a candidate puts it first."""

from env.records import Observation
from policies.extractive.candidates import Candidate, page_candidates
from policies.extractive.features import coverage, features, shared_stems, votes
from policies.extractive.question import analyse
from policies.extractive.ranking import WEIGHTS, rank


def candidates(text: str, title: str = "Page") -> list[Candidate]:
    return list(page_candidates(Observation("q", title=title, text=text), 0))


def best(question: str, *lines: str, title: str = "Page") -> str:
    return rank(analyse(question), candidates("\n".join(lines), title))[0].candidate.text


def test_what_covers_the_question_comes_first():
    told = "The Eiffel Tower was built by the company of Gustave Eiffel."
    assert (
        best("Who built the Eiffel Tower?", "Paris has many fine towers and parks.", told) == told
    )


def test_of_two_that_cover_it_the_one_with_the_expected_type_comes_first():
    told = "The great bridge was opened in 1932 to the public."
    other = "The great bridge was opened with joy to the public."
    assert best("When was the great bridge opened?", other, told) == told
    assert best("When was the great bridge opened?", told, other) == told


def test_every_weight_belongs_to_a_feature():
    asked = analyse("Why is the sky blue?")
    known = features(asked, candidates("The sky is blue because of air.")[0], {})
    assert set(WEIGHTS) == {*known, "votes"}


def test_the_title_and_nearly_the_same_words_count_towards_what_is_covered():
    asked = analyse("How does a fridge keep food cold?")
    far, near = (
        candidates("Nothing of it here today.")[0],
        candidates("It keeps food cool for days.")[0],
    )
    titled = candidates("It keeps food cool for days.", title="Fridge")[0]
    assert coverage(asked, far) < coverage(asked, near) < coverage(asked, titled)


def test_what_several_candidates_share_gets_votes():
    asked = analyse("Who led the revolt?")
    lines = [
        "The revolt was led by Spartacus.",
        "They say Spartacus led it.",
        "Crassus led too, they say.",
    ]
    found = candidates("\n".join(lines))
    shared = shared_stems(asked, found)
    assert votes(asked, found[0], shared) > votes(asked, found[2], shared)


def test_an_encoder_can_turn_the_order_round():
    asked = analyse("Who built the tower?")
    found = candidates("The tower was built in 1889.\nThe tower was built in time.")
    words_only = rank(asked, found)[0].candidate

    def similar(texts):
        return [0.0 if text == words_only.text else 1.0 for text in texts]

    assert rank(asked, found, similar)[0].candidate != words_only


def test_a_question_without_words_can_be_ranked_for():
    assert best("∞?", "The sky is blue because of air.") == "The sky is blue because of air."
