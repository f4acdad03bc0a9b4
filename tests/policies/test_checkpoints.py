"""Checkpoints count once they are sealed; metrics and settings survive being killed."""

import pytest

from env.errors import ConfigError
from policies.checkpoints import (
    METRICS,
    add_metrics,
    agree,
    cut_metrics,
    newest,
    read_metrics,
    recover_folder,
    remove_torn,
    replace_folder,
    seal,
    step_of,
)
from policies.cloning.config import CloneConfig
from policies.cloning.output import begin, finish, held


def checkpoint(folder, step, sealed=True):
    path = folder / f"checkpoint-{step}"
    path.mkdir()
    (path / "weights").write_text("1234")
    if sealed:
        seal(path)
    return path


def test_the_newest_whole_checkpoint_is_found(tmp_path):
    assert newest(tmp_path / "none") is None
    checkpoint(tmp_path, 9)
    checkpoint(tmp_path, 20)
    checkpoint(tmp_path, 100)
    torn = checkpoint(tmp_path, 200)
    checkpoint(tmp_path, 300, sealed=False)
    (torn / "weights").write_text("12")
    assert step_of(newest(tmp_path)) == 100
    remove_torn(tmp_path)
    steps = sorted(step_of(path) for path in tmp_path.iterdir())
    assert steps == [9, 20, 100]


def test_metrics_after_a_checkpoint_are_forgotten_and_a_torn_line_is(tmp_path):
    for step in (0, 5, 10, 15):
        add_metrics(tmp_path, step, {"train/loss": 1.5})
    with (tmp_path / METRICS).open("a") as file:
        file.write('{"step": 16, "tra')
    assert [line["step"] for line in read_metrics(tmp_path)] == [0, 5, 10, 15]
    cut_metrics(tmp_path, 10)
    add_metrics(tmp_path, 11, {})
    assert [line["step"] for line in read_metrics(tmp_path)] == [0, 5, 10, 11]


def test_a_folder_is_replaced_and_never_lost(tmp_path):
    place, made = tmp_path / "best", tmp_path / "made"
    for text in ("first", "second"):
        made.mkdir()
        (made / "weights").write_text(text)
        replace_folder(made, place)
        assert (place / "weights").read_text() == text
    # Killed between the two moves:
    place.rename(tmp_path / "best.old")
    recover_folder(place)
    assert (place / "weights").read_text() == "second"
    # Once there, and killed again in the next replacement:
    place.rename(tmp_path / "best.old")
    with pytest.raises(FileNotFoundError):
        replace_folder(made, place)
    recover_folder(place)
    assert (place / "weights").read_text() == "second"


def test_other_settings_are_named_with_both_values(tmp_path):
    path = tmp_path / "settings.json"
    assert not agree(path, {"training": CloneConfig()}, "go elsewhere")
    assert agree(path, {"training": CloneConfig()}, "go elsewhere")
    with pytest.raises(ConfigError, match=r"training\.seed is 0 there and 7 here; go elsewhere"):
        agree(path, {"training": CloneConfig(seed=7)}, "go elsewhere")


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ConfigError, match="holds another model"):
        begin(tmp_path, {})
    (tmp_path / "config.json").rename(tmp_path / "notes.txt")
    with pytest.raises(ConfigError, match=r"holds other files, such as notes\.txt"):
        begin(tmp_path, {})


def test_a_folder_is_finished_once_the_last_file_is_there(tmp_path):
    assert not begin(tmp_path, {"seed": 1})
    assert not begin(tmp_path, {"seed": 1})

    def write(folder):
        for name in ("model.safetensors", "config.json", "webqa.json"):
            (folder / name).write_text(name)

    finish(tmp_path, write)
    assert begin(tmp_path, {"seed": 1})
    with pytest.raises(ConfigError, match="other settings"):
        begin(tmp_path, {"seed": 2})


def test_two_trainings_never_share_a_folder(tmp_path):
    with (
        held(tmp_path),
        pytest.raises(ConfigError, match="another process is training"),
        held(tmp_path),
    ):
        pytest.fail("both were let in")
