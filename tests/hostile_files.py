"""Files that people send to break, to run or to find something; drawn here, never kept."""

from __future__ import annotations

import io
import struct
import zlib
from zipfile import ZIP_DEFLATED, ZipFile

from fpdf import FPDF
from PIL import Image, PngImagePlugin

from civicfund.people.domain import LARGEST_BYTES, MOST_PIXELS

PNG = b"\x89PNG\r\n\x1a\n"
GPS = {34853: {1: "N", 2: (53.0, 20.0, 51.0)}, 271: "Secret Camera 3000"}
# What must be in nothing that is served again.
NEEDLES = (b"alert(1)", b"<?php", b"<script", b"Secret Camera", b"PK\x03\x04", b"ICC_PROFILE")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg">%b</svg>'
SCRIPT = b"<script>alert(1)</script>"
XXE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'


def a_picture(kind="JPEG", size=(120, 80), mode="RGB", **more):
    drawn = io.BytesIO()
    Image.new(mode, size).save(drawn, kind, **more)
    return drawn.getvalue()


def a_pdf():
    document = FPDF()
    document.add_page()
    document.set_font("helvetica", size=12)
    document.cell(text="12 Long Street")
    return bytes(document.output())


def png(width, height, *chunks, depth=8, color=2):
    """A PNG that claims a size, whatever is in it."""
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    return PNG + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def zip_bomb():
    """As a spreadsheet: 50 MB of nothing in 50 kB."""
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", XXE)
        archive.writestr("xl/worksheets/sheet1.xml", bytes(50_000_000))
    return packed.getvalue()


def huge_jpeg():
    """It claims 65,500 by 65,500 pixels."""
    whole = a_picture()
    at = whole.index(b"\xff\xc0") + 5
    return whole[:at] + struct.pack(">HH", 65_500, 65_500) + whole[at + 4 :]


def located():
    exif = Image.Exif()
    exif.update({271: GPS[271]})
    exif.get_ifd(34853).update(GPS[34853])
    return a_picture(size=(3000, 2000), exif=exif)


def animated(kind):
    drawn = io.BytesIO()
    frames = [Image.new("RGB", (60, 40), color) for color in ("red", "green", "blue")]
    frames[0].save(drawn, kind, save_all=True, append_images=frames[1:])
    return drawn.getvalue()


def with_text():
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", SCRIPT.decode())
    words.add_itxt("XML:com.adobe.xmp", SCRIPT.decode())
    return a_picture("PNG", pnginfo=words)


def pdf_with(words):
    return a_pdf().replace(b"%%EOF", b"% " + words + b"\n%%EOF")


# Refused where a picture or a PDF is asked for, with words among which these are.
REFUSED = {
    "nothing": (b"", "is empty"),
    "svg with a script": (SVG % SCRIPT, "JPEG or PNG"),
    "svg after xml": (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "JPEG or PNG"),
    "page": (b"<!doctype html>" + SCRIPT, "JPEG or PNG"),
    "page after a mark of byte order": (b"\xef\xbb\xbf<html>" + SCRIPT, "JPEG or PNG"),
    "page in utf-16": ("<html><script>alert(1)</script>".encode("utf-16"), "JPEG or PNG"),
    "external entity": (XXE, "JPEG or PNG"),
    "gif that is a script": (b"GIF89a=1;alert(1)//" + bytes(100), "JPEG or PNG"),
    "animated gif": (animated("GIF"), "JPEG or PNG"),
    "webp": (a_picture("WEBP"), "JPEG or PNG"),
    "tiff": (a_picture("TIFF"), "JPEG or PNG"),
    "bmp": (a_picture("BMP"), "JPEG or PNG"),
    "icon": (a_picture("ICO", size=(32, 32)), "JPEG or PNG"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file\n", "JPEG or PNG"),
    "windows program": (b"MZ" + bytes(100), "JPEG or PNG"),
    "linux program": (b"\x7fELF" + bytes(100), "JPEG or PNG"),
    "php": (b"<?php system($_GET[0]);", "JPEG or PNG"),
    "zip bomb as xlsx": (zip_bomb(), "JPEG or PNG"),
    "pdf after a page": (b"<html>" + SCRIPT + a_pdf(), "JPEG or PNG"),
    "pdf after a gif": (b"GIF89a" + a_pdf(), "JPEG or PNG"),
    "jpeg that only begins": (b"\xff\xd8\xff", "cannot be read"),
    "jpeg that is a page": (b"\xff\xd8\xff" + SCRIPT, "cannot be read"),
    "jpeg cut": (a_picture(size=(900, 900))[:2000], "cannot be read"),
    "jpeg called png": (PNG + a_picture(), "cannot be read"),
    "png wrong inside": (PNG + bytes(500), "cannot be read"),
    "png cut": (a_picture("PNG", size=(900, 900))[:200], "cannot be read"),
    "png without pixels": (png(0, 0), "cannot be read"),
    "png whose text unpacks to 100 MB": (
        png(10, 10, (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000)))),
        "cannot be read",
    ),
    "png of 60,000 by 60,000": (png(60_000, 60_000), "too many pixels"),
    "png of one long line": (png(MOST_PIXELS + 1, 1), "too many pixels"),
    "png of one bit": (a_picture("PNG", mode="1", size=(20_000, 20_000)), "too many pixels"),
    "jpeg of 65,500 by 65,500": (huge_jpeg(), "too many pixels"),
    "pdf without an end": (b"%PDF-1.7\n" + bytes(100), "does not end as one"),
    "pdf with a script": (pdf_with(b"/S /JavaScript /JS (app.alert(1))"), "more than pages"),
    "pdf that starts a program": (pdf_with(b"/S /Launch /F (cmd.exe)"), "more than pages"),
    "pdf with a file": (pdf_with(b"/Type /EmbeddedFile"), "more than pages"),
    "pdf with a film": (pdf_with(b"/Subtype /RichMedia"), "more than pages"),
    "pdf locked": (pdf_with(b"/Encrypt 5 0 R"), "more than pages"),
    "pdf with an archive": (a_pdf() + b"PK\x05\x06" + bytes(18) + b"%%EOF", "more than pages"),
    "one byte over": (b"\xff\xd8\xff" + bytes(LARGEST_BYTES - 2), "larger than 10 MiB"),
    "50 MB": (b"\xff\xd8\xff" + bytes(50_000_000), "larger than 10 MiB"),
}  # fmt: skip

# Taken, and of each only its pixels are kept.
REDRAWN = {
    "place and camera": located(),
    "page behind": a_picture() + SCRIPT,
    "php behind": a_picture() + b"<?php system($_GET[0]);",
    "archive behind": a_picture() + zip_bomb(),
    "pdf behind": a_picture() + a_pdf().replace(b"12 Long", b"<script"),
    "script as a comment": a_picture(comment=SCRIPT),
    "script as text": with_text(),
    "four inks": a_picture(mode="CMYK"),
    "sixteen bits": a_picture("PNG", mode="I;16"),
    "see-through": a_picture("PNG", mode="LA"),
    "palette": a_picture("PNG", mode="P", transparency=0),
    "animated png": animated("PNG"),
    "five megabytes of colour profile": a_picture(icc_profile=SCRIPT * 80_000),
    "largest thumbnail of a page": a_picture(size=(1, 20_000)),
}
# Taken as they come, and given out as nothing but a download.
DOWNLOADED = {
    "pdf that is a page": pdf_with(SCRIPT),
    "pdf whose script is spelled otherwise": pdf_with(b"/S /J#61vaScript"),
    "pdf that opens an address": pdf_with(b"/OpenAction << /S /URI /URI (javascript:alert(1)) >>"),
}
# Where a table is asked for: none of these is one.
NO_TABLE = {
    "nothing": b"",
    "picture": a_picture(),
    "zip bomb as xlsx": zip_bomb(),
    "external entity": XXE,
    "page": b"<html>" + SCRIPT,
    "utf-16": "number,birth_date,neighborhood\n1,1990-01-01,north\n".encode("utf-16"),
    "only NUL": bytes(1_000_000),
    "one line of a megabyte": b"x" * 1_000_000,
    "one cell of a megabyte": b'"' + b"x" * 1_000_000,
    "a million columns": b"," * 1_000_000,
    "a million lines": b"\n" * 1_000_000,
    "formula": b"=HYPERLINK(\"//evil.example\"),+1,-1,@SUM(1)\n",
    "quotes that never end": b'number,birth_date,"neighborhood\n' * 1000,
}  # fmt: skip
# What a file may be called. Nothing of it is used, kept or shown.
NAMES = (
    "../../../etc/passwd.jpg",
    "..\\..\\boot.jpg",
    "/etc/cron.d/x.jpg",
    "bench.jpg\0.php",
    "bench\r\nSet-Cookie: evil=1.jpg",
    "\u202egpj.exe",
    "\u2066evil\u2069.jpg",
    "evil\x1b[31m.jpg",
    "<img src=x onerror=evil()>.jpg",
    '"; filename="evil.html',
    "=evil().jpg",
    ".htaccess",
    "CON.evil",
    "evil" * 200 + ".jpg",
)
