"""Sets on the hub: how they are named, pinned and streamed, and what is said when they are not."""

import pytest

from env.errors import ConfigError
from webqa.sets.hub import Place, parse, pinned, rows
from webqa.sets.reading import questions_in

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("hub:nq", Place("nq")),
        ("hub:a/nq-open", Place("a/nq-open")),
        ("hub:a/t_q:rc.nocontext", Place("a/t_q", "rc.nocontext")),
        ("hub:a/t::test", Place("a/t", "", "test")),
        (f"hub:a/t:rc:train@{COMMIT}", Place("a/t", "rc", "train", COMMIT)),
        ("hub:a/t@v1.0", Place("a/t", revision="v1.0")),
    ],
)
def test_names(source, place):
    assert parse(source) == place
    assert parse(str(place)) == place


@pytest.mark.parametrize("source", ["hub:", "hub:a/b/c", "hub:a/b:c:d:e", "hub:a b", "hub:a@"])
def test_what_is_no_name(source):
    with pytest.raises(ConfigError, match="names no set: write hub:OWNER/NAME"):
        parse(source)


def test_a_place_is_pinned_to_a_commit():
    asked = []

    def commit_of(*given):
        asked.append(given)
        return COMMIT

    assert pinned(Place("a/t", revision="main"), commit_of).revision == COMMIT
    assert asked == [("a/t", "main")]
    assert pinned(Place("a/t", revision=COMMIT), commit_of).revision == COMMIT
    assert len(asked) == 1, "a commit need not be asked for"


def test_rows_are_streamed_from_the_commit():
    asked = []

    def load(*given, **named):
        asked.append((given, named))
        return ({"question": f"who {n}?", "answer": ["Ann"]} for n in range(3))

    place = Place("a/nq_open", "", "validation", COMMIT)
    found = [question for _, question in questions_in(rows(place, load), str(place))]
    assert [one.text for one in found] == ["who 0?", "who 1?", "who 2?"]
    named = {"split": "validation", "revision": COMMIT, "streaming": True}
    assert asked == [(("a/nq_open", None), named)]


def raising(error):
    def raise_it(*_given, **_named):
        raise error

    return raise_it


def test_one_line_without_the_library_or_the_net():
    place = Place("a/t", revision=COMMIT)
    with pytest.raises(ConfigError, match="needs the package datasets: pip install datasets"):
        list(rows(place, raising(ImportError("No module named 'datasets'"))))
    with pytest.raises(ConfigError, match=r"cannot read hub:a/t.*no route: is there a net"):
        list(rows(place, raising(ConnectionError("no\nroute"))))
    with pytest.raises(ConfigError, match=r"cannot read hub:a/t.*TimeoutError"):
        pinned(Place("a/t"), raising(TimeoutError()))


def test_a_folder_of_the_same_name_is_not_read_instead(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a" / "t").mkdir(parents=True)
    with pytest.raises(ConfigError, match="a/t is also a folder here"):
        list(rows(Place("a/t", revision=COMMIT), raising(AssertionError("it was read"))))


def test_a_net_that_fails_on_the_way():
    def load(*_given, **_named):
        yield {"question": "who?", "answer": ["Ann"]}
        raise OSError("reset")

    with pytest.raises(ConfigError, match="reset"):
        list(rows(Place("a/t", revision=COMMIT), load))
