"""Spreadsheets made by hand, so that they can be wrong where a writer's would not be."""

import io
from collections.abc import Iterable
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def zipped(parts: dict[str, bytes | str], compression: int = ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w", compression) as archive:
        for path, content in parts.items():
            archive.writestr(path, content)
    return file.getvalue()


def relationships(**targets: str) -> str:
    """Of kind to target; the id is the kind, without what comes after an underscore."""
    found = "".join(
        f'<Relationship Id="{key}" Type="{OFFICE}/{key.split("_")[0]}" Target="{target}"/>'
        for key, target in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}">{found}</Relationships>'


def xlsx(rows: str | bytes, texts: str = "", before: str = "", **other: bytes | str) -> bytes:
    """A package of one sheet with these <row> elements, and these <si> as shared texts."""
    if isinstance(rows, str):
        rows = f'<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData></worksheet>'
    return zipped(
        {
            "_rels/.rels": relationships(officeDocument="/xl/workbook.xml"),
            "xl/_rels/workbook.xml.rels": relationships(
                worksheet="worksheets/sheet1.xml",
                sharedStrings="sharedStrings.xml",
                styles="styles.xml",
            ),
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            '<sheet name="A" sheetId="1" r:id="worksheet"/></sheets></workbook>',
            "xl/worksheets/sheet1.xml": rows,
            "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{texts}</sst>',
            "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/>'
            '<xf numFmtId="14"/></cellXfs></styleSheet>',
            **other,
        }
    )


def cell(text: str) -> str:
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


def row(*texts: str) -> str:
    return f"<row>{''.join(map(cell, texts))}</row>"


def written(*sheets: Iterable[Iterable[object]]) -> bytes:
    """As a spreadsheet program writes it; a sheet for each list of rows."""
    book = openpyxl.Workbook(write_only=True)
    for rows in sheets:
        sheet = book.create_sheet()
        for one in rows:
            sheet.append(list(one))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
