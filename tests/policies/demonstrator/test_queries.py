"""Queries made from the words of a question."""

from random import Random

from policies.demonstrator.queries import queries, telling

CHOICES = ("who", "first", "sailed", "the", "river", "Anduin")


def test_words_that_tell_nothing_are_left_out():
    assert telling(CHOICES) == ["first", "sailed", "river", "Anduin"]
    assert telling(("who", "is", "it")) == ["who", "is", "it"]


def test_each_query_comes_once_and_the_rarest_word_stays_longest():
    """Fails when a second query repeats the first, or drops the word that tells most."""
    made = list(queries(CHOICES, Random(0), 0))
    assert made[0] == "first sailed river Anduin"
    assert made[-2:] == ["Anduin", " ".join(CHOICES)]
    assert len(set(made)) == len(made)


def test_without_words_there_is_no_empty_query():
    assert list(queries((), Random(0), 1)) == []
