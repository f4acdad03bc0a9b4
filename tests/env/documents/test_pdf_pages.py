"""PDF: paragraphs are put together again; broken and encrypted files are refused."""

import contextlib
import io

import pytest
from pypdf import PdfWriter

from env.documents import convert
from env.documents.pdf import paragraphs
from env.errors import DocumentError

LINES = [
    "Honey keeps for a very long time because it holds hardly any wa-",
    "ter and is sour, so that nothing which would spoil it can grow in",
    "a closed jar.",
    "Bees dry it with their wings until less than a fifth is water, and",
    "then they close the cell with wax.",
]


def pdf_of(lines, title=None):
    """Write a PDF of one page by hand."""
    shown = "".join(f"({line}) Tj T* " for line in lines)
    stream = f"BT /F1 12 Tf 14 TL 50 700 Td {shown}ET".encode()
    info = f"/Info << /Title ({title}) >>".encode() if title else b""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % o for o in offsets)
    return bytes(
        out + b"trailer << /Size 6 /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF" % (info, table)
    )


def test_lines_become_paragraphs_and_divided_words_whole():
    page = convert(
        pdf_of(LINES, "On honey"), url="https://n.example/h.pdf", content_type="text/html"
    )
    assert page.title == "On honey"
    first, second = page.text.split("\n\n")
    assert first == (
        "Honey keeps for a very long time because it holds hardly any water and is sour, so that"
        " nothing which would spoil it can grow in a closed jar."
    )
    assert second.startswith("Bees dry")
    assert second.endswith("with wax.")


def test_without_metadata_the_first_line_is_the_title():
    assert (
        convert(pdf_of(["Short paper", *LINES]), url="https://n.example/h.pdf").title
        == "Short paper"
    )


def test_page_numbers_go_and_a_sentence_goes_on_over_the_page():
    pages = [
        "This is a line of the usual length that\ngoes on, and is not done at the page's\n12",
        "end of it.",
    ]
    assert paragraphs(pages) == [
        "This is a line of the usual length that goes on, and is not done at the page's end of it."
    ]


def test_an_encrypted_file_is_refused():
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    stream = io.BytesIO()
    writer.write(stream)
    with pytest.raises(DocumentError, match="encrypted"):
        convert(stream.getvalue(), url="https://n.example/h.pdf")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_cut_file_gives_text_or_a_reason(share, capfd):
    data = pdf_of(LINES)
    with contextlib.suppress(DocumentError):
        convert(data[: int(len(data) * share)], url="https://n.example/h.pdf")
    assert capfd.readouterr().err == ""
