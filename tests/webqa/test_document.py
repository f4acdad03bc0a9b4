"""The reference of the command line in docs/."""

from pathlib import Path

from webqa.cli.document import document


def test_the_reference_is_up_to_date():
    """Fails when a command changed: run `python -m webqa.cli.document > docs/cli.md`."""
    written = Path(__file__).parents[2] / "docs" / "cli.md"
    assert written.read_text(encoding="utf-8") == document()
