import codecs
import csv
import io
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st

from contacts.numbers import Number
from inbox.broadcasts.models import Reason
from inbox.broadcasts.spreadsheets import (
    MAX_FILE,
    MAX_LINES,
    Columns,
    Row,
    Unreadable,
    delimited,
    guess,
    is_rounded,
    open_table,
    pasted,
    read_number,
    xlsx,
)
from inbox.broadcasts.spreadsheets.rows import MAX_COLUMNS, MAX_LINE
from tests.broadcasts import hostile_files as made


@pytest.fixture(autouse=True, scope="module")
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


ANA = Number("55", "11987654321")
HEADER = ["nome", "telefone"]


def rows_of(content: bytes, name: str = "people.csv") -> list[Row]:
    with open_table(io.BytesIO(content), name) as table:
        return list(table.rows())


def cells_of(content: bytes) -> list[tuple[str, ...]]:
    return [row.cells for row in rows_of(content)]


def header_of(content: bytes) -> list[str]:
    with open_table(io.BytesIO(content), "people.csv") as table:
        return table.header


def refusal(content: bytes, name: str = "people.csv") -> str:
    with pytest.raises(Unreadable) as refused:
        rows_of(content, name)
    return str(refused.value)


def number(*cells: str, **columns: int) -> Number | Reason:
    return read_number(Row(1, cells), Columns(**({"number": 0} | columns)))


# --- CSV --------------------------------------------------------------------------------------

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", ",;\t|")
def test_it_reads_any_delimiter_and_encoding(delimiter, encoding):
    lines = [["Nome", "Célular"], ["João Conceição", "11987654321"], ["Zoë", "21987654321"]]
    content = "\r\n".join(map(delimiter.join, lines)).encode(encoding)
    assert header_of(content) == lines[0]
    assert cells_of(content) == [tuple(line) for line in lines[1:]]


def test_it_reads_big_endian_utf_16():
    content = codecs.BOM_UTF16_BE + "nome\ttelefone\nZoë\t11987654321".encode("utf-16-be")
    assert cells_of(content) == [("Zoë", "11987654321")]


def test_it_reads_a_file_that_changes_its_encoding():
    content = "nome;fone\nJoão;1\n".encode() + "Conceição;2\n".encode("latin-1") + "Zoë;3".encode()
    assert [cells[0] for cells in cells_of(content)] == ["João", "Conceição", "Zoë"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"nome;fone\nAna;1;x;y\nBia\n;3\n", [("Ana", "1", "x", "y"), ("Bia",), ("", "3")]),
        (b'nome,fone\n"Silva,\nAna",1\nBia,2', [("Silva,\nAna", "1"), ("Bia", "2")]),
        (b"nome,fone\rAna,1\rBia,2\r", [("Ana", "1"), ("Bia", "2")]),
        (b"sep=|\r\nnome,x|fone\r\nAna,y|1", [("Ana,y", "1")]),
        (b"no\0me,fone\n\0Ana,1\0", [("Ana", "1")]),
        (b"nome,fone\n\n , \nAna,1\n\n", [("Ana", "1")]),
        (b"nome;fone\n=1+1;=HYPERLINK(A1)", [("=1+1", "=HYPERLINK(A1)")]),
        (b"nome;fone\nSilva, Ana;1\nSilva, Bia;2", [("Silva, Ana", "1"), ("Silva, Bia", "2")]),
        (b"telefone\n5,51199E+12\n5,51198E+12", [("5,51199E+12",), ("5,51198E+12",)]),
        (b"nome;fone", []),
    ],
)
def test_it_reads_csv_as_people_have_it(content, expected):
    width = max(map(len, expected), default=0)
    padded = [cells + ("",) * (width - len(cells)) for cells in expected]
    assert cells_of(content) == padded


def test_it_counts_lines_as_they_stand_in_the_file():
    content = b'nome,fone\n\n"a\nb",1\nAna,2\n'
    assert [row.line for row in rows_of(content)] == [3, 5]


def test_it_gives_up_a_huge_line_and_reads_on():
    content = b"nome,fone\nAna,1\n" + b'"x,' * 3_500_000 + b"\nBia,2\n"
    tracemalloc.start()
    ana, huge, bia = rows_of(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (ana.cells, bia.cells) == (("Ana", "1"), ("Bia", "2"))
    assert (huge.line, huge.trouble, bia.line) == (3, Reason.UNREADABLE, 4)
    assert len(huge.cells[0]) <= 200
    assert peak < 5 * 1024**2


@pytest.mark.parametrize("cells", [2, 120, 100_000])
def test_an_open_quote_loses_its_own_line_only(cells):
    bad, *others = rows_of(b'nome;fone\n"Ana;1\n' + b"Bia;2\n" * cells)
    assert (bad.line, bad.trouble) == (2, Reason.UNREADABLE)
    assert bad.cells[0].startswith('"Ana;1')
    assert [row.line for row in others] == list(range(3, 3 + cells))
    assert {row.cells for row in others} == {("Bia", "2")}


def test_two_open_quotes_do_not_swallow_the_lines_between_them():
    rows = rows_of(b'nome;fone\n"Ana;1\nBia;2\n"Carl;3\nDora;4')
    assert [row.trouble for row in rows] == [Reason.UNREADABLE, None, Reason.UNREADABLE, None]


def test_a_line_of_too_many_columns_is_unreadable():
    wide = b",".join([b"1"] * (MAX_COLUMNS + 1))
    empty = b"Bia,2" + b"," * 20_000
    rows = rows_of(b"nome,fone\n" + wide + b"\n" + empty)
    assert [row.trouble for row in rows] == [Reason.UNREADABLE, None]
    assert len(rows[1].cells) <= MAX_COLUMNS


def test_each_row_is_as_wide_as_the_table():
    with open_table(io.BytesIO(b"nome,fone,cidade\nAna,1\n" + b"x" * 70_000), "a.csv") as table:
        assert table.width == 3
        assert table.sample == [["Ana", "1", ""]]
        assert [len(row.cells) for row in table.rows()] == [3, 3]


def test_it_reads_again_from_the_start_and_leaves_the_file_open():
    file = io.BytesIO(b"nome,fone\nAna,1\nBia,2")
    with open_table(file, "a.csv") as table:
        next(table.rows())
        assert list(table.rows()) == list(table.rows())
        assert len(list(table.rows())) == 2
    assert not file.closed


@pytest.mark.parametrize("content", [b"nome,fone\nAna,1", made.written([HEADER, ["Ana", 1]])])
def test_it_reads_the_files_of_django(content, tmp_path):
    (tmp_path / "file").write_bytes(content)
    with (tmp_path / "file").open("rb") as opened:
        files = [ContentFile(content), SimpleUploadedFile("a", content), File(opened)]
        for file in files:
            with open_table(file, "a") as table:
                assert [row.cells for row in table.rows()] == [("Ana", "1")]


@pytest.mark.parametrize(
    ("first", "is_header"),
    [
        (["Nome", "Telefone"], True),
        (["Name", "Phone 1"], True),
        (["A", "B"], True),
        (["Telefone", "2024"], True),
        (["Ana", "11987654321"], False),
        (["Ana", "5,51E+12"], False),
        (["Ana", "123"], False),
        (["Ana", "R$ 10,00"], False),
        (["Ana", "15/03/2024"], False),
    ],
)
def test_it_takes_a_row_for_the_header_only_when_it_holds_no_data(first, is_header):
    content = ";".join(first).encode() + b"\nBia;11987654321"
    assert header_of(content) == (first if is_header else [])
    assert len(rows_of(content)) == 2 - is_header


# --- No table ---------------------------------------------------------------------------------

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s2I5B", 13, b"IHDR", 1, 1, 8, 6, 0, 0, 0)
BOMB = "<!DOCTYPE x [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]>"


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "a.csv", "nothing"),
        (b"\xef\xbb\xbf \r\n\n", "a.csv", "nothing"),
        (made.xlsx(""), "a.xlsx", "nothing"),
        (OLE, "A.XLS", "old Excel"),
        (OLE, "a.xlsx", "password"),
        (b"%PDF-1.7\nnome;telefone\n", "a.csv", "not a table"),
        (PNG, "a.csv", "not a table"),
        (bytes(range(256)) * 9, "a.csv", "not a table"),
        (b"<html><table><tr><td>Ana</td></tr></table></html>", "a.xls", "not a table"),
        (made.zipped({"content.xml": "<office/>"}), "a.ods", "no XLSX"),
        (made.written([HEADER])[:-30], "a.xlsx", "no XLSX"),
        (made.xlsx("<row>"), "a.xlsx", "no XLSX"),
        (made.xlsx("<row><c t='s'><v>7</v></c></row>"), "a.xlsx", "no XLSX"),
        (made.xlsx("<row><c t='s'><v>-1</v></c></row>", "<si><t>a</t></si>"), "a", "no XLSX"),
        (made.xlsx(BOMB.encode() + b"<worksheet/>"), "a.xlsx", "no XLSX"),
        (made.xlsx("", **{"xl/sharedStrings.xml": BOMB + "<sst/>"}), "a.xlsx", "no XLSX"),
        (made.xlsx("<a>" * 200_000), "a.xlsx", "no XLSX"),
        (made.xlsx(f"<row r='{'1' * 3_000_000}'/>"), "a.xlsx", "no XLSX"),
        (made.xlsx(" " * 30_000_000), "a.xlsx", "too large"),
        (made.zipped({str(i): "" for i in range(3_000)}), "a.xlsx", "too large"),
        (made.zipped({"a": "a"}, zipfile.ZIP_LZMA), "a.xlsx", "no XLSX"),
    ],
)
def test_it_says_why_a_file_is_no_table(content, name, said):
    assert said in refusal(content, name)


def test_it_refuses_a_file_that_is_too_large(tmp_path):
    limit = f"{MAX_FILE // 1024**2} MB"
    with (tmp_path / "large.csv").open("w+b") as file:
        file.truncate(MAX_FILE + 1)
        with pytest.raises(Unreadable, match=limit), open_table(file, "large.csv"):
            pass


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_it_refuses_more_lines_than_a_spreadsheet_has(end):
    assert f"{MAX_LINES:,} lines" in refusal(b"Ana,1" + end * (MAX_LINES + 1))
    assert rows_of(b"Ana,11987654321" + end * 1_000)


def test_it_refuses_more_shared_texts_than_it_holds(monkeypatch):
    monkeypatch.setattr(xlsx, "MAX_TEXTS", 1_000)
    assert "too large" in refusal(made.xlsx("", "<si/>" * 1_001))
    assert "nothing" in refusal(made.xlsx("", "<si/>" * 1_000))


def test_it_gives_up_a_sheet_of_too_many_elements(monkeypatch):
    monkeypatch.setattr(xlsx, "MAX_EVENTS", 30_000)
    assert "too large" in refusal(made.xlsx(made.row(*HEADER) + "<row/>" * 20_000))


def test_it_refuses_more_references_than_parts(monkeypatch):
    monkeypatch.setattr(xlsx, "MAX_PARTS", 50)
    many = made.relationships(**{f"theme_{i}": "a" for i in range(51)})
    assert "too large" in refusal(made.xlsx("", **{"_rels/.rels": many}))


def test_a_zip_cannot_hide_how_large_it_is():
    content = made.xlsx(" " * 5_000_000 + made.row("Ana"))
    sheet = zipfile.ZipFile(io.BytesIO(content)).getinfo("xl/worksheets/sheet1.xml")
    said = struct.pack("<I", sheet.file_size)
    assert "no XLSX" in refusal(content.replace(said, struct.pack("<I", 1_000)))


# --- XLSX -------------------------------------------------------------------------------------


def test_it_reads_what_a_person_sees_in_xlsx():
    content = made.written(
        [
            ["nome", "fone", "dia", "hora", "valor", "vip"],
            [
                "Ana",
                5511987654321,
                date(2024, 3, 15),
                datetime(2024, 3, 15, 9, 30),
                0.1 + 0.2,
                True,
            ],
            ["Bia", 5511987654321.0, "'", None, "=1+1", "#N/A"],
        ]
    )
    ana, bia = cells_of(content)
    assert ana == ("Ana", "5511987654321", "15/03/2024", "15/03/2024 09:30", "0.3", "TRUE")
    assert bia == ("Bia", "5511987654321", "'", "", "", "")


def test_it_reads_the_kept_values_of_formulas():
    rows = '<row><c t="str"><f>A1</f><v>Ana</v></c><c><f>1+1</f><v>5.5119876E12</v></c></row>'
    assert cells_of(made.xlsx(rows)) == [("Ana", "5511987600000")]


def test_it_reads_shared_texts_in_pieces_and_not_how_they_are_spoken():
    texts = "<si><r><t>An</t></r><r><t>a</t></r><rPh><t>x</t></rPh></si><si/>"
    rows = '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>0</v></c></row>'
    content = made.xlsx(made.row("nome") + rows, texts)
    assert cells_of(content) == [("Ana", "", "Ana")]


def test_it_reads_prefixed_names():
    xml = f'<x:worksheet xmlns:x="{made.MAIN}"><x:row><x:c><x:v>7</x:v></x:c></x:row></x:worksheet>'
    assert cells_of(made.xlsx(xml.encode())) == [("7",)]


@pytest.mark.parametrize("dimension", ["A1", "A1:XFD1048576", "ZZZZZ9:B2", "nonsense"])
def test_it_does_not_believe_the_dimensions(dimension):
    sheet = made.row(*HEADER) + made.row("Ana", "1") + made.row("Bia", "2")
    content = made.xlsx(sheet, before=f'<dimension ref="{dimension}"/>')
    assert cells_of(content) == [("Ana", "1"), ("Bia", "2")]


def test_it_keeps_the_places_of_rows_and_cells():
    sheet = (
        '<row r="3"><c r="A3"/><c r="C3"><v>1</v></c></row><row r="1048576"><c><v>2</v></c></row>'
    )
    assert rows_of(made.xlsx(sheet)) == [Row(3, ("", "", "1")), Row(1_048_576, ("2", "", ""))]


@pytest.mark.parametrize("line", ["0", "-5", "9" * 30, "x", "99999999"])
def test_it_counts_where_a_row_names_no_place(line):
    sheet = made.row(*HEADER) + f'<row r="{line}"><c><v>7</v></c></row>'
    assert [row.line for row in rows_of(made.xlsx(sheet))] == [2]


def test_it_takes_the_first_sheet_with_rows():
    assert cells_of(made.written([], [[None, " "]], [HEADER, ["Ana", 1]], [["x"]])) == [
        ("Ana", "1")
    ]


def test_it_overlooks_hidden_sheets():
    book = made.written([["hidden"], ["x"]], [HEADER, ["Ana", 1]])
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(
        b'state="visible"', b'state="hidden"', 1
    )
    assert cells_of(made.zipped(parts)) == [("Ana", "1")]


def test_rows_that_are_too_wide_or_too_long_are_unreadable_in_xlsx():
    wide = f'<row><c r="A2"><v>7</v></c>{"<c><v>1</v></c>" * 300_000}</row>'
    far = '<row><c r="XFD3"><v>7</v></c></row>'
    long, short = made.row("y" * (MAX_LINE + 1)), made.row("y" * (MAX_LINE - 1), "1")
    rows = rows_of(made.xlsx(made.row(*HEADER) + wide + far + long + short))
    assert [row.trouble for row in rows] == [Reason.UNREADABLE] * 3 + [None]
    assert rows[-1].cells == ("y" * (MAX_LINE - 1), "1")


def test_a_sheet_of_one_huge_cell_is_not_empty():
    assert [row.trouble for row in rows_of(made.xlsx(made.row("y" * 10_000_000)))] == [
        Reason.UNREADABLE
    ]


def test_one_shared_text_does_not_multiply():
    texts = f"<si><t>{'y' * 30_000}</t></si>"
    sheet = made.row(*HEADER) + "<row>" + "<c t='s'><v>0</v></c>" * 900 + "</row>"
    assert [row.trouble for row in rows_of(made.xlsx(sheet, texts))] == [Reason.UNREADABLE]


def test_damage_further_down_is_told_while_reading():
    sheet = made.row(*HEADER) * 20_000 + "<broken"
    with open_table(io.BytesIO(made.xlsx(sheet)), "a.xlsx") as table:
        rows = table.rows()
        assert next(rows).line == 2
        with pytest.raises(Unreadable):
            list(rows)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_memory_does_not_grow_with_the_rows(kind):
    def peak(count: int) -> int:
        people = [[f"Ana {i}", 5511900000000 + i] for i in range(count)]
        if kind == "xlsx":
            file = io.BytesIO(made.written([HEADER, *people]))
        else:
            file = io.BytesIO("\n".join(f"{a};{b}" for a, b in people).encode())
        del people
        tracemalloc.start()
        with open_table(file, "a") as table:
            assert sum(1 for _ in table.rows()) == count
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(10)  # what the first reading leaves behind is no growth
    assert peak(20_000) < peak(2_000) + 1024**2


# --- Anything ---------------------------------------------------------------------------------

signs = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\r\n")
cells = st.text(signs, max_size=12)
tables = st.lists(st.lists(cells, min_size=2, max_size=4), min_size=1, max_size=8)


@given(st.binary(max_size=2_000), st.sampled_from(["a.csv", "a.xlsx", "a.xls"]))
@example(b'"', "a.csv")
@example(b"\xff\xfe\0", "a.csv")
def test_any_bytes_end_in_rows_or_a_sentence(content, name):
    with suppress(Unreadable):
        rows_of(content, name)


XLSX = made.written([HEADER, ["Ana", 5511987654321], ["Bia", date(2024, 3, 15)]])


@given(st.data())
def test_any_damage_to_a_package_ends_in_rows_or_a_sentence(data):
    content = bytearray(XLSX)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Unreadable):
        rows_of(bytes(content))


values = st.sampled_from(["1", "-1", "1E999", "1E-999", "NaN", "45366.5", "-5E9", "x", "&amp;", ""])
starts = st.sampled_from(
    [
        *("row", "row r='5'", "row r='x'", "c", "c r='B2'", "c r='ZZZ1'", "c r='1'", "c t='s'"),
        *("c t='b'", "c t='d'", "c t='e'", "c t='inlineStr'", "c s='1'", "c s='x'", "c s='-9'"),
        *("v", "is", "t", "rPh"),
    ]
)
elements = st.recursive(
    values,
    lambda inner: st.builds(
        lambda start, content: f"<{start}>{''.join(content)}</{start.split()[0]}>",
        starts,
        st.lists(inner, max_size=4),
    ),
)


@given(elements)
@example("<row><c s='1'><v>1E999</v></c></row>")
@example("<row><c r='B1'><v>1</v></c><c r='A1'><v>2</v></c></row>")
def test_any_sheet_ends_in_rows_or_a_sentence(sheet):
    with suppress(Unreadable):
        rows_of(made.xlsx(sheet, "<si><t>a</t></si>"))


@example([["", "\r;0"]], ",", "utf-8")
@given(tables, st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_a_table_is_read_as_it_was_written(table, delimiter, encoding):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["nome", "telefone"])
    writer.writerows(table)
    expected = [cells for cells in table if any(map(str.strip, cells))]
    read = [list(cells) for cells in cells_of(text.getvalue().encode(encoding))]
    assert [_trimmed(cells) for cells in read] == [_trimmed(cells) for cells in expected]


@given(tables)
def test_a_table_is_read_from_xlsx_as_it_was_written(table):
    book = [[_writable(cell) for cell in cells] for cells in table]
    expected = [cells for cells in book if any(map(str.strip, cells))]
    read = [list(cells) for cells in cells_of(made.written([HEADER, *book]))]
    assert [_trimmed(cells) for cells in read] == [_trimmed(cells) for cells in expected]


def _trimmed(cells: list[str]) -> list[str]:
    return cells[:-1] and _trimmed(cells[:-1]) if cells and not cells[-1] else cells


def _writable(cell: str) -> str:
    """What the writer of the test takes for a text and XML keeps as it is."""
    return "".join(c for c in cell if c.isprintable()).lstrip("=#")


# --- Which column -----------------------------------------------------------------------------

PHONE = "11 98765-4321"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (["Nome", "Telefone"], Columns(number=1, firstname=0)),
        (["Primeiro Nome", "Sobrenome", "CELULAR"], Columns(2, None, 0, 1)),
        (["First Name", "Last Name", "Phone"], Columns(2, None, 0, 1)),
        (["Nombre", "Apellidos", "Móvil"], Columns(2, None, 0, 1)),
        (["name", "mobile_code", "mobile"], Columns(2, 1, 0)),
        (["Código do País", "Número"], Columns(number=1, code=0)),
        (["Country Code", "Number"], Columns(number=1, code=0)),
        (["DDI", "DDD", "Fone", "Nome"], Columns(2, 0, 3, None, 1)),
        (["DDD + Telefone", "Cliente"], Columns(number=0, firstname=1)),
        (["Telefone", "Celular", "WhatsApp"], Columns(number=2)),
        (["Telefone (com DDD)", "Nome do cliente"], Columns(number=0, firstname=1)),
        (["CPF", "E-mail"], Columns()),
    ],
)
def test_it_knows_columns_by_their_names(header, expected):
    assert guess(header, []) == expected


@pytest.mark.parametrize(
    ("header", "sample", "expected"),
    [
        ([], [["Ana", PHONE], ["Bia", "+351 912 345 678"]], Columns(number=1, firstname=0)),
        ([], [["1", PHONE, "a@b.com", "Zoë"]], Columns(number=1, firstname=3)),
        ([], [["55", "11", "98765-4321"], ["55", "21", "98765-4321"]], Columns(2, 0, area=1)),
        ([], [["x"], ["y"]], Columns()),
        ([], [], Columns()),
        (["A", "B"], [["Ana", PHONE]], Columns(number=1)),
        (["Telefone", "Celular"], [[PHONE, ""], [PHONE, ""]], Columns(number=0)),
        (["Número do pedido", "Fone"], [["123", PHONE]], Columns(number=1)),
        (["Número", "B"], [["123", PHONE]], Columns(number=0)),
    ],
)
def test_it_knows_columns_by_their_looks(header, sample, expected):
    assert guess(header, sample) == expected


@given(st.lists(cells, max_size=4), st.lists(st.lists(cells, max_size=4), max_size=4))
def test_it_guesses_places_that_exist(header, sample):
    found = guess(header, sample)
    width = max([len(header), *map(len, sample)])
    assert all(v is None or 0 <= v < width for v in vars(found).values())


# --- The number -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "5511987654321",
        "+55 (11) 98765-4321",
        "11 98765 4321",
        "5511987654321.0",
        "5511987654321,00",
        "'5511987654321",
        '="5511987654321"',
        '="\'+5511987654321"',
        "5.511987654321E+12",
        "5,511987654321e12",
        "Ana <+55 11 98765-4321>",
        "\u202a+55 11 98765-4321\u202c",
    ],
)
def test_it_reads_numbers_as_spreadsheets_leave_them(text):
    assert number(text) == ANA


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.EMPTY),
        (" ' ", Reason.EMPTY),
        ('=""', Reason.EMPTY),
        ("n/a", Reason.INVALID),
        ("15/03/2024", Reason.INVALID),
        ("21/09/1234 12:34:56", Reason.INVALID),
        ("2024-03-15 10:30:00", Reason.INVALID),
        ("45366", Reason.INVALID),
        ("=1+1", Reason.INVALID),
        ('=HYPERLINK("https://x.example/11987654321";"Ana")', Reason.INVALID),
        ("11 98765-4321 / 11 98765-4322", Reason.INVALID),
        ("1" * 60_000, Reason.INVALID),
        ("5,51199E+12", Reason.SHORTENED),
        ("5.51E+12", Reason.SHORTENED),
        ("5.51198765432E+12", Reason.SHORTENED),
        ("1E99", Reason.SHORTENED),
        ("5511990000000,00", Reason.SHORTENED),
        ("551133000000.0", Reason.SHORTENED),
    ],
)
def test_it_says_why_there_is_no_number(text, reason):
    assert number(text) is reason


@pytest.mark.parametrize("text", ["5511990000000", "551130000000", "+55 11 99000-0000"])
def test_a_number_that_ends_in_zeros_is_taken_where_nothing_else_says_that_it_lost_digits(text):
    found = number(text)
    assert isinstance(found, Number)
    assert found.mobile.endswith("0" * 6)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["5511990000000", "5511970000000", "5511987654321"], True),
        (["5511990000000", "5511970000000.0"], False),
        (["5511990000000", "5511987654321", ""], False),
        (["1000000", "2000000", "30000000000"], False),
        ([], False),
    ],
)
def test_a_column_is_rounded_when_several_of_its_first_numbers_end_in_zeros(cells, expected):
    assert is_rounded([["Ana", cell] for cell in cells], 1) is expected
    read = read_number(Row(1, ("Ana", "5511960000000")), Columns(1), rounded=expected)
    assert (read is Reason.SHORTENED) is expected


@pytest.mark.parametrize("style", ['<numFmt numFmtId="200" formatCode="0.00E+00"/>', ""])
def test_a_sheet_that_shows_a_number_with_an_exponent_has_lost_its_digits(style):
    form = 200 if style else 11
    styles = f'<styleSheet xmlns="{made.MAIN}"><numFmts>{style}</numFmts><cellXfs><xf/>'
    styles += f'<xf numFmtId="{form}"/></cellXfs></styleSheet>'
    values = ["5511990000000", "5511987654321", "5511987654300"]
    shown, plain = (
        "".join(f'<row><c s="{s}"><v>{v}</v></c></row>' for v in values) for s in (1, 0)
    )
    read = cells_of(made.xlsx(shown, **{"xl/styles.xml": styles}))
    assert read == [("5.51199E+12",), ("5511987654321",), ("5511987654300",)]
    assert number(*read[0]) is Reason.SHORTENED
    assert cells_of(made.xlsx(plain, **{"xl/styles.xml": styles})) == [(value,) for value in values]


def test_a_sheet_that_keeps_a_number_with_an_exponent_has_lost_its_digits():
    rows = "<row><c><v>5.51199E12</v></c><c><v>5.511987654321E12</v></c><c><v>1.0E7</v></c></row>"
    assert cells_of(made.xlsx(rows)) == [("5.51199E+12", "5511987654321", "10000000")]


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("55", "11987654321", ANA),
        ("+55", "5511987654321", ANA),
        ("55.0", "011987654321", ANA),
        ("351", "912345678", Number("351", "912345678")),
        ("", "11987654321", ANA),
        ("351", "+55 11 98765-4321", Reason.INVALID),
        ("Brasil", "11987654321", Reason.INVALID),
        ("999", "11987654321", Reason.INVALID),
        ("55", "", Reason.EMPTY),
    ],
)
def test_it_reads_a_code_in_a_column_apart(code, text, expected):
    assert number(text, code, code=1) == expected


@pytest.mark.parametrize(
    ("area", "text", "expected"),
    [
        ("11", "98765-4321", ANA),
        ("(011)", "987654321", ANA),
        ("11.0", "987654321.0", ANA),
        ("11", "8765-4321", Number("55", "1187654321")),
        ("11", "11 98765-4321", ANA),
        ("21", "11 98765-4321", Reason.INVALID),
        ("", "98765-4321", Reason.INVALID),
        ("", "11 98765-4321", ANA),
    ],
)
def test_it_reads_an_area_in_a_column_apart(area, text, expected):
    assert number(text, area, area=1) == expected


def test_a_row_in_trouble_or_without_the_column_has_no_number():
    assert read_number(Row(1, ("11987654321",), Reason.UNREADABLE), Columns(0)) is Reason.UNREADABLE
    assert read_number(Row(1, ("11987654321",)), Columns(7)) is Reason.EMPTY
    assert read_number(Row(1, ("11987654321",)), Columns()) is Reason.EMPTY


@given(st.lists(cells | st.text("0123456789+-()E., /", max_size=20), min_size=3, max_size=3))
def test_any_cells_have_a_number_or_a_reason(found):
    assert isinstance(number(*found, code=1, area=2), Number | Reason)


mobiles = st.builds("9{}".format, st.text("0123456789", min_size=8, max_size=8)).filter(
    lambda mobile: mobile[1] in "6789"
)


@given(mobiles, st.sampled_from(["11", "21", "71"]), st.booleans())
def test_numbers_survive_both_formats(mobile, area, as_number):
    whole = f"55{area}{mobile}"
    value = int(whole) if as_number else whole
    sheet, text = made.written([HEADER, ["Ana", value]]), f"nome;fone\nAna;{value}".encode()
    for content in (sheet, text):
        found = [read_number(row, Columns(number=1)) for row in rows_of(content)]
        assert found == [Number("55", area + mobile)]


# --- Pasted -----------------------------------------------------------------------------------


def test_it_reads_pasted_pieces_with_their_lines():
    text = "11 98765-4321, 21987654321;\r\n\nAna <+55 11 91234-5678>\tBia: 11 91234 5678\rx\0y\n"
    assert [(row.line, row.cells) for row in pasted(text)] == [
        (1, ("11 98765-4321",)),
        (1, ("21987654321",)),
        (3, ("Ana <+55 11 91234-5678>",)),
        (3, ("Bia: 11 91234 5678",)),
        (4, ("xy",)),
    ]


def test_a_pasted_piece_that_is_too_long_is_unreadable():
    long, other = pasted("1" * (MAX_LINE + 1) + "\n11987654321")
    assert (long.trouble, other) == (Reason.UNREADABLE, Row(2, ("11987654321",)))


@given(st.text(max_size=200))
def test_no_pasted_piece_is_lost(text):
    found = "".join(row.cells[0] for row in pasted(text))
    assert "".join(found.split()) == "".join(text.translate(dict.fromkeys(b",;\t\0")).split())


def test_a_row_of_many_lines_ends_somewhere():
    rows = rows_of(b'nome,fone\n"' + b"x\n" * (delimited.MAX_LINES_OF_ROW - 1) + b'Ana",1')
    assert [row.trouble for row in rows] == [None]
