"""`webqa index`, and asking the pages that it indexed."""

import io

from rich.console import Console

from env.web.indexing import Progress
from webqa.cli import main
from webqa.cli.exits import Exit
from webqa.cli.index import _meter


def test_a_folder_becomes_a_web(tmp_path, capsys):
    """Fails when the summary, the skipped files or the next command are not told."""
    source = tmp_path / "pages"
    source.mkdir()
    for number in range(3):
        (source / f"{number}.md").write_text(f"# Topic {number}\n\nZebras number {number} run.\n")
    (source / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    out = tmp_path / "my web"
    assert main(["index", str(source), "-o", str(out)]) == Exit.DONE
    said, progress = capsys.readouterr()
    assert said.startswith("3 pages, 3 passages, 0 links in ")
    assert "Skipped, " in said
    assert "broken.pdf" in said
    assert f"The index is in {out}. Next: webqa ask --web '{out}'" in said
    assert "Reading: " in progress
    assert "\x1b" not in progress
    assert main(["ask", "Which number do zebras run?", "--web", str(out)]) == Exit.DONE


def test_mistakes_get_one_line(tmp_path, web, capsys):
    """Fails when indexing nothing, or over something else, is not refused in one line."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    for arguments, said in (
        (["empty", "-o", "new"], "no page could be read"),
        (["missing", "-o", "new"], "missing"),
        (["other", "-o", "other"], "is not an index"),
    ):
        placed = [str(tmp_path / one) if one[0] != "-" else one for one in arguments]
        assert main(["index", *placed]) == Exit.ERROR
        _, err = capsys.readouterr()
        assert err.startswith("webqa: ")
        assert err.count("\n") == 1
        assert said in err
    assert (tmp_path / "other" / "mine.txt").read_text() == "mine"
    assert main(["index", str(tmp_path)]) == Exit.USAGE


def test_broken_lines_are_told_without_misleading_places(tmp_path, capsys):
    """Fails when a broken JSON line is said to stand in another line, or reasons are repeated."""
    source = tmp_path / "pages.jsonl"
    source.write_text(
        '{"url": "https://a.example/", "text": "Zebras run."}\n{"url": "https://b.example/",\n'
    )
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.4 nothing")
    assert main(["index", str(tmp_path), "-o", str(tmp_path / "web")]) == Exit.DONE
    said = capsys.readouterr().out
    assert said.startswith("1 page, 1 passage, 0 links in ")
    assert "such as pages.jsonl, line 2: no JSON: " in said
    assert "line 1 column" not in said
    assert said.count("unreadable PDF") == 1


def test_bars_show_no_total_that_is_not_known():
    """Fails when a terminal shows `2200/100` while documents are still being found."""
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with _meter(console) as move:
        move(Progress("convert", 2_200, 0))
    shown = console.file.getvalue()
    assert "2200/" in shown
    assert "/100" not in shown


def test_numbers_that_make_no_sense_are_refused(tmp_path, capsys):
    """Fails when no process, or no byte, is taken for a setting."""
    (tmp_path / "a.txt").write_text("Zebras run.")
    for flag, value in (("--workers", "-1"), ("--document", "0")):
        arguments = ["index", str(tmp_path), "-o", str(tmp_path / "web"), flag, value]
        assert main(arguments) == Exit.ERROR
        assert capsys.readouterr().err.startswith(f"webqa: {flag} must be ")


def test_documents_without_text_are_counted_together(tmp_path, capsys):
    """Fails when the reason for passing over empty documents holds a piece of an address."""
    (tmp_path / "a.txt").write_text("Zebras run.")
    (tmp_path / "b.html").write_text("<html><body></body></html>")
    (tmp_path / "c.html").write_text("<html><body><p></p></body></html>")
    assert main(["index", str(tmp_path), "-o", str(tmp_path / "web")]) == Exit.DONE
    assert "Skipped, no text: 2, such as " in capsys.readouterr().out
