"""Makes awkward files and, beside them, the rows that they hold by Python's own csv, json and gzip.

    python3 make.py            writes the folder cases, with all cases in its index.json
    python3 make.py --check    fails unless they are what this script says

Needs Python 3.9 or newer and nothing else. A value that a declared type does not hold exactly makes its row a rejected one.
"""

import bz2
import csv
import gzip
import io
import json
import re
import sys
import zipfile
import zlib
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation, getcontext
from itertools import permutations
from pathlib import Path

getcontext().prec = 1_000
HERE = Path(__file__).parent
FILES = HERE / "cases"
files: dict[str, bytes] = {}
cases: list[dict] = []


# Values as their types' text, None for a text that has none.

LIMITS = {
    "TINYINT": (-(2**7), 2**7 - 1),
    "INTEGER": (-(2**31), 2**31 - 1),
    "BIGINT": (-(2**63), 2**63 - 1),
    "UBIGINT": (0, 2**64 - 1),
}


def integer(text, kind):
    if not re.fullmatch(r"\s*[+-]?\d+(\.0*)?\s*", text, re.ASCII):
        return None
    value = int(Decimal(text.strip()))
    low, high = LIMITS[kind]
    return str(value) if low <= value <= high else None


def decimal(text, kind):
    width, scale = map(int, re.findall(r"\d+", kind))
    if "_" in text:
        return None
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not value.is_finite():
        return None
    numerator, denominator = (value * 10**scale).as_integer_ratio() if abs(value.adjusted()) < 60 else (1, 0)
    if denominator != 1 or abs(numerator) >= 10**width:
        return None
    return f"{Decimal(numerator).scaleb(-scale):.{scale}f}"


def double(text, _kind):
    if not re.fullmatch(r"\s*[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|infinity|nan)\s*", text, re.ASCII | re.IGNORECASE):
        return None
    value = float(text)
    if value in (float("inf"), float("-inf")) and re.search(r"\d", text):
        return None
    if value == 0 and re.search(r"[1-9]", re.split("[eE]", text)[0]):
        return None
    return f"{value:.17g}"


def day(text, _kind):
    match = re.fullmatch(
        r"\s*(\d{4})[-/](\d{1,2})[-/](\d{1,2})([T ]00:00(:00(\.0+)?(Z|[+-]00(:?00)?)?)?)?\s*", text, re.ASCII
    )
    try:
        return date(*map(int, match.groups()[:3])).isoformat() if match else None
    except ValueError:
        return None


def time_of_day(text, _kind):
    match = re.fullmatch(r"\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6})0{0,3})?)?\s*", text, re.ASCII)
    if not match:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    if hour > 23 or minute > 59 or second > 59:
        return None
    micros = (match[4] or "").rstrip("0")
    return f"{hour:02}:{minute:02}:{second:02}" + (f".{micros}" if micros else "")


def instant(text, kind):
    match = re.fullmatch(
        r"\s*(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
        r"(?:(?:T|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?\s*",
        text,
        re.ASCII | re.IGNORECASE,
    )
    if not match:
        return None
    *parts, fraction, zone = match.groups()
    nanos = int((fraction or "").ljust(9, "0"))
    if nanos % 1000 and kind != "TIMESTAMP_NS":
        return None
    try:
        value = datetime(*(int(part or 0) for part in parts), tzinfo=timezone.utc)
    except ValueError:
        return None
    offset = re.fullmatch(r"([+-])(\d\d):?(\d\d)?", zone or "+00")
    if offset:
        hours, minutes = int(offset[2]), int(offset[3] or 0)
        if hours > 15 or minutes > 59:
            return None
        value -= (1 if offset[1] == "+" else -1) * timedelta(hours=hours, minutes=minutes)
    digits = f"{nanos:09}".rstrip("0") if kind == "TIMESTAMP_NS" else f"{nanos // 1000:06}".rstrip("0")
    return value.strftime("%Y-%m-%d %H:%M:%S") + (f".{digits}" if digits else "") + ("+00" if kind == "TIMESTAMPTZ" else "")


def boolean(text, _kind):
    return {"true": "true", "t": "true", "1": "true", "false": "false", "f": "false", "0": "false"}.get(
        text.strip().lower()
    )


def json_value(text, _kind):
    def refuse(constant):
        raise ValueError(constant)

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        return None
    return text


def typed(text, kind):
    if text is None or kind == "VARCHAR":
        return text, True
    convert = {
        "DOUBLE": double,
        "DATE": day,
        "TIME": time_of_day,
        "TIMESTAMP": instant,
        "TIMESTAMPTZ": instant,
        "TIMESTAMP_NS": instant,
        "BOOLEAN": boolean,
        "JSON": json_value,
    }.get(kind, decimal if kind.startswith("DECIMAL") else integer)
    value = convert(text, kind)
    return value, value is not None


# The rows of a case.


def outcome(records, columns):
    """Rows and the number of rejected ones, of records that are dicts of texts or None."""
    rows, rejected = [], 0
    for record in records:
        values = None if record is None else [typed(record.get(name.lower()), kind) for name, kind in columns.items()]
        if values is None or not all(fits for _, fits in values):
            rejected += 1
        else:
            rows.append([value for value, _ in values])
    return {"rows": rows, "rejected": rejected}


def uncommented(lines, skip, comment):
    """Lines after those to skip, without those that begin with the character, unless a quote is open."""
    is_open = False
    for number, line in enumerate(lines):
        if number < skip:
            continue
        if comment and not is_open and line.startswith(comment):
            continue
        is_open ^= line.count('"') % 2 == 1
        yield line


def csv_records(data, skip=0, delimiter=",", encoding="utf-8", comment="", relaxed=False):
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else encoding, "replace").lstrip("\ufeff")
    lines = list(uncommented(io.StringIO(text, newline=""), skip, comment))
    records = [record for record in csv.reader(lines, delimiter=delimiter) if record]
    while records and len(records[0]) == 1 and records[0][0].strip() == "":
        records.pop(0)
    if not records:
        return
    header = [name.lower() for name in records[0]]
    for record in records[1:]:
        if relaxed:
            record += [""] * (len(header) - len(record))
        is_whole = len(record) == len(header) and "\ufffd" not in "".join(record)
        yield dict(zip(header, (value or None for value in record))) if is_whole else None


def json_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None or isinstance(value, str) else str(value)


def json_records(data, columns):
    text = data.decode().lstrip("\ufeff")
    names = {name.lower(): name for name in columns}

    def record(pairs):
        keys = [key for key, _ in pairs if key.lower() in names]
        if len(set(keys)) != len(keys) or any(names[key.lower()] != key for key in keys):
            return "bad"
        return {key.lower(): json_text(value) for key, value in pairs}

    options = {"object_pairs_hook": record, "parse_float": str, "parse_int": str}
    if text.lstrip().startswith("["):
        found = json.loads(text, **options)
    else:
        found = []
        for line in filter(str.strip, re.split("[\r\n]+", text)):
            try:
                found.append(json.loads(line, **options))
            except json.JSONDecodeError:
                found.append("bad")
    return [value if isinstance(value, dict) else None for value in found]


def at_path(value, path):
    """A value inside of nested objects, as text."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return json_text(value) if not isinstance(value, (dict, list)) else None


def timed_records(data, path):
    """Lines of JSON whose time can be read; None for the others."""
    for line in data.decode().splitlines():
        value = json.loads(line, parse_float=str, parse_int=str)
        text = at_path(value, path)
        is_timed = text is not None and instant(text, "TIMESTAMP") is not None
        yield {key.lower(): json_text(own) for key, own in value.items()} if is_timed else None


def case(name, contents, columns, format="csv", failure=None, path=None, time=None, **options):
    """contents: the files, by name, and what each of them says: bytes, or a pair of them where they are not the same."""
    records = []
    for file, content in contents.items():
        stored, said = content if isinstance(content, tuple) else (content, content)
        files[file] = stored
        if time is not None:
            records.extend(timed_records(said, time))
        elif failure is None:
            records.extend(csv_records(said, **options) if format == "csv" else json_records(said, columns))
    result = {"failure": failure} if failure else outcome(records, columns)
    cases.append(
        {"name": name, "format": format, "path": path or list(contents), "columns": columns, "options": options, **({"time": time} if time else {}), **result}
    )


CITY = {"name": "VARCHAR", "at": "TIMESTAMP", "city": "VARCHAR"}
HEADER = "city,at,name"
ROWS = ["Paris,2026-01-01T10:00:00Z,Ann", "Rome,2026-01-01T11:00:00Z,Bob", "Oslo,2026-01-01T12:00:00Z,Cid"]


def text(*lines, end="\n", last=True, encoding="utf-8"):
    return (end.join(lines) + (end if last else "")).encode(encoding)


ENDS = (("LF", "\n"), ("CRLF", "\r\n"), ("CR", "\r"))


def line_ends():
    plain = [HEADER, *ROWS]
    quoted = [",".join(f'"{field}"' for field in line.split(",")) for line in plain]
    for label, end in ENDS:
        case(f"lines that end in {label}", {f"ends-{label}.csv": text(*plain, end=end)}, CITY)
        case(f"lines that end in {label} but for the last", {f"ends-{label}-open.csv": text(*plain, end=end, last=False)}, CITY)
    for kind, lines in (("bare", plain), ("quoted", quoted)):
        for first, second in (("\r\n", "\n"), ("\n", "\r\n"), ("\n", "\r"), ("\r\n", "\r"), ("\r", "\n")):
            label = "-".join({"\n": "LF", "\r\n": "CRLF", "\r": "CR"}[end] for end in (first, second))
            for at in range(len(lines)):
                ends = [second if index == at else first for index in range(len(lines))]
                data = "".join(line + end for line, end in zip(lines, ends)).encode()
                case(f"{kind} fields, line ends {label} in line {at}", {f"mixed-{kind}-{label}-{at}.csv": data}, CITY)
    for label, end in ENDS:
        for other, inner in ENDS:
            lines = [f'"Bad{inner}Tölz",2026-01-01T10:00:00Z,"Ann"', 'Rome,2026-01-01T11:00:00Z,"Bob"', *ROWS]
            data = end.join(["", HEADER, *lines, ""]).encode()
            case(f"lines that end in {label} behind a first value with {other}", {f"inner-{label}-{other}.csv": data}, CITY)
    for (label, end), (other, stray) in permutations(ENDS, 2):
        lines = [HEADER, ROWS[0], " " + ROWS[1], "  " + ROWS[2], '"",2026-01-01T13:00:00Z,"Dan"', " ,2026-01-01T14:00:00Z,Eve"]
        data = end.join(lines[:2]) + stray + stray.join(lines[2:]) + end
        case(f"lines that begin with blanks and end in {label} and in {other}", {f"blanks-{label}-{other}.csv": data.encode()}, CITY)
    values = 'city,at,name\n"a\rb",2026-01-01T10:00:00Z,"c\r\nd"\r\n"e\nf",2026-01-01T11:00:00Z,"g"\n'
    case("mixed line ends around values that hold line ends", {"mixed-values.csv": values.encode()}, CITY)


def headers():
    case("a blank first line", {"blank-first.csv": text("", HEADER, *ROWS)}, CITY)
    case("a blank first line of CRLF", {"blank-first-crlf.csv": text("", HEADER, *ROWS, end="\r\n")}, CITY)
    case("first lines of blanks", {"blank-lines.csv": text("  ", "", HEADER, *ROWS)}, CITY)
    case("blank lines in the middle and at the end", {"blank-middle.csv": text(HEADER, ROWS[0], "", "", ROWS[1], "", "")}, CITY)
    case("nothing but blank lines, and another file", {"only-blank.csv": text("", ""), "beside-blank.csv": text(HEADER, ROWS[0])}, CITY)
    case("an empty file and another file", {"empty.csv": b"", "beside-empty.csv": text(HEADER, ROWS[0])}, CITY)
    mark = b"\xef\xbb\xbf"
    quoted = '"city","at","name"'
    case("a byte order mark", {"bom.csv": mark + text(HEADER, *ROWS)}, CITY)
    case("a byte order mark and a quoted header", {"bom-quoted.csv": mark + text(quoted, *ROWS, end="\r\n")}, CITY)
    case("a byte order mark, a quoted header and semicolons", {"bom-semicolon.csv": mark + text(quoted.replace(",", ";"), *(row.replace(",", ";") for row in ROWS))}, CITY, delimiter=";")
    case("a byte order mark and a blank line", {"bom-blank.csv": mark + text("", HEADER, *ROWS)}, CITY)
    case("a byte order mark and a line break in a quoted header", {"bom-break.csv": mark + text('"the\ncity",at,name', *ROWS)}, {"name": "VARCHAR", "the\ncity": "VARCHAR"})
    case("a line break in the header", {"break.csv": text('"the\ncity",at,name', *ROWS)}, {"at": "TIMESTAMP", "the\ncity": "VARCHAR", "name": "VARCHAR"})
    case("a line break of CRLF in the header", {"break-crlf.csv": text('"the\r\ncity",at,name', *ROWS, end="\r\n")}, {"name": "VARCHAR", "the\r\ncity": "VARCHAR"})
    case("quotes and a delimiter in the header", {"odd-header.csv": text('"a, ""b""",at,"c;d"', *ROWS)}, {'a, "b"': "VARCHAR", "c;d": "VARCHAR"})
    case("a title", {"title.csv": text("Report of 2026", HEADER, *ROWS)}, CITY, skip=1)
    case("a title and a blank line", {"title-blank.csv": text("Report of 2026", "", HEADER, *ROWS)}, CITY, skip=1)
    case("a title and a blank line, both skipped", {"title-blank-2.csv": text("Report of 2026", "", HEADER, *ROWS)}, CITY, skip=2)
    case("a title with a quote", {"title-quote.csv": text('"Report of 2026', HEADER, *ROWS)}, CITY, skip=1)
    for label, end in ENDS:
        for other, behind in ENDS:
            if end != behind:
                title = text("Report", "of 2026", end=end)
                case(f"a title whose lines end in {label}, before lines that end in {other}", {f"title-{label}-{other}.csv": title + text(HEADER, *ROWS, end=behind)}, CITY, skip=2)
                rows = text('"Bad\nTölz",2026-01-01T10:00:00Z,"Ann"', *ROWS, end=behind)
                case(f"a header that is set aside and ends in {label}, before lines that end in {other}", {f"header-{label}-{other}.csv": end.join(["", HEADER, ""]).encode() + rows}, CITY)
    case("a header that is not closed", {"unclosed.csv": text('"city,at,name', *ROWS)}, CITY, failure={"isRetryable": False})
    case("a header without names", {"nameless.csv": text(",,", *ROWS)}, CITY, failure={"isRetryable": False})
    case("a header that is not UTF-8", {"latin-header.csv": text("città,at,name", *ROWS, encoding="latin-1")}, CITY, failure={"isRetryable": False})


def comments():
    notes = ["# made by hand", HEADER, ROWS[0], "#" + ROWS[1], ROWS[2], "# the end"]
    for label, end in ENDS:
        case(f"comments in lines that end in {label}", {f"comments-{label}.csv": text(*notes, end=end)}, CITY, comment="#")
    case("a comment that the file ends in", {"comment-last.csv": text(*notes, last=False)}, CITY, comment="#")
    case("a comment behind a byte order mark", {"comment-bom.csv": b"\xef\xbb\xbf" + text(*notes)}, CITY, comment="#")
    case("nothing but comments, and another file", {"comment-only.csv": text("# nothing"), "comment-beside.csv": text(HEADER, ROWS[0])}, CITY, comment="#")
    case("comments between lines to skip", {"comment-title.csv": text("# \"Report", "of 2026", "# more", HEADER, *ROWS)}, CITY, comment="#", skip=2)
    inside = text(HEADER, 'Paris,2026-01-01T10:00:00Z,"Ann', '# no comment"', "Rome # 1,2026-01-01T11:00:00Z,#Bob", " # Oslo,2026-01-01T12:00:00Z,Cid", '# "quoted', ROWS[2])
    case("the character inside of values", {"comment-inside.csv": inside}, CITY, comment="#")
    case("the character without the option", {"comment-off.csv": text(HEADER, "#" + ROWS[0])}, CITY)
    case("comments in a file of one column", {"comment-narrow.csv": text("# cities", "city", "Paris", "# no", "Rome")}, {"city": "VARCHAR"}, comment="#")
    case("comments in gzip", {"comment.csv.gz": (compressed(text(*notes)), text(*notes))}, CITY, comment="#")


def relaxations():
    short = ["Bonn,2026-01-01T13:00:00Z", "Lima"]
    case("rows of too few fields, relaxed", {"short.csv": text(HEADER, ROWS[0], *short, ROWS[1])}, CITY, relaxed=True)
    case("rows of too many fields, relaxed", {"long.csv": text(HEADER, ROWS[0], ROWS[1] + ",x", ROWS[2])}, CITY, relaxed=True)
    broken = text(HEADER, '"Bad', 'Tölz",2026-01-01T13:00:00Z', ROWS[0])
    case("a line break in quotes before a missing field, relaxed", {"short-break.csv": broken}, CITY, relaxed=True)


def nested_times():
    lines = [
        {"id": 1, "meta": {"at": "2026-01-01T10:00:00Z"}},
        {"id": 2, "meta": {"at": None}},
        {"id": 3, "meta": {}},
        {"id": 4},
        {"id": 5, "meta": "2026-01-01T10:00:00Z"},
        {"id": 6, "meta": {"at": "soon"}},
        {"id": 7, "meta": {"at": {"at": "2026-01-01T10:00:00Z"}}},
        {"id": 8, "meta": {"other": [1, 2], "at": "2026-01-01T11:00:00+01:00"}, "at": "never"},
        {"id": 9, "meta": [{"at": "2026-01-01T10:00:00Z"}]},
    ]
    data = text(*map(json.dumps, lines))
    case("times inside of objects", {"nested.jsonl": data}, {"id": "INTEGER"}, format="json", time=["meta", "at"])
    case("times inside of a column", {"nested-column.jsonl": data}, {"id": "INTEGER", "at": "VARCHAR"}, format="json", time=["meta", "at"])
    odd = text('{"id": 1, "a.b": {"it\'s": {"\\"q\\"": "2026-01-01T10:00:00Z"}}}')
    case("times behind keys of special characters", {"nested-odd.jsonl": odd}, {"id": "INTEGER"}, format="json", time=["a.b", "it's", '"q"'])


def encodings():
    lines = ["città,at,name", "Zürich,2026-01-01T10:00:00Z,Zoë", "São Paulo,2026-01-01T11:00:00Z,José"]
    columns = {"name": "VARCHAR", "città": "VARCHAR"}
    case("UTF-16, little-endian", {"utf16le.csv": b"\xff\xfe" + text(*lines, encoding="utf-16-le", end="\r\n")}, columns)
    case("UTF-16, big-endian", {"utf16be.csv": b"\xfe\xff" + text(*lines, encoding="utf-16-be")}, columns)
    case("UTF-16 without a mark", {"utf16-bare.csv": text(*lines, encoding="utf-16-le")}, columns, encoding="utf-16le")
    case("UTF-16 that is cut", {"utf16-cut.csv": b"\xff\xfe" + text(*lines, encoding="utf-16-le")[:-1]}, columns, failure={"isRetryable": False})
    case("Latin-1", {"latin1.csv": text(*lines, encoding="latin-1")}, columns, encoding="iso-8859-1")
    case("Windows-1252", {"cp1252.csv": text(*lines, "Köln,2026-01-01T12:00:00Z,€ – “q”", encoding="cp1252")}, columns, encoding="windows-1252")
    case("a line that is not UTF-8", {"bad-line.csv": text(HEADER, ROWS[0]) + b"K\xf6ln,2026-01-01T12:00:00Z,Dan\n"}, CITY)


def compressed(data):
    return gzip.compress(data, mtime=0)


def gzips():
    data = text(HEADER, *(f"town {i},2026-01-01T10:00:00Z,name {i * 7919 % 1000}" for i in range(200)))
    whole = compressed(data)
    case("gzip", {"whole.csv.gz": (whole, data)}, CITY)
    case("gzip without its suffix", {"hidden.csv": (whole, data)}, CITY)
    half = len(data) // 2
    case("gzip of several members", {"members.csv.gz": (compressed(data[:half]) + compressed(data[half:]) + compressed(b""), data)}, CITY)
    case("gzip that is filled up with zeros", {"padded.csv.gz": (whole + bytes(512), data)}, CITY)
    case("gzip of lines that end differently", {"mixed.csv.gz": (compressed(data.replace(b"\n", b"\r\n", 100)), data)}, CITY)
    case("gzip of a blank first line and a mark", {"blank-first.csv.gz": (compressed(b"\xef\xbb\xbf\n" + data), data)}, CITY)
    lines = text(*(json.dumps({"city": f"town {i}", "name": i}) for i in range(100)))
    case("gzip of JSON lines", {"whole.jsonl.gz": (compressed(lines), lines)}, {"city": "VARCHAR", "name": "VARCHAR"}, format="json")
    array = json.dumps([{"city": f"town {i}", "name": i} for i in range(100)]).encode()
    case("gzip of a JSON array", {"whole.json.gz": (compressed(array), array)}, {"city": "VARCHAR", "name": "VARCHAR"}, format="json")
    for cut in (0, 1, 5, 10, 20, len(whole) // 2, len(whole) - 9, len(whole) - 8, len(whole) - 4, len(whole) - 1):
        case(f"gzip cut after {cut} bytes", {f"cut-{cut}.csv.gz": whole[:cut]}, CITY, failure={"isRetryable": True})
    packed = compressed(lines)
    case("gzip of JSON lines cut in half", {"cut.jsonl.gz": packed[: len(packed) // 2]}, {"city": "VARCHAR"}, format="json", failure={"isRetryable": True})
    case("gzip of several members, the last one cut", {"members-cut.csv.gz": whole + whole[: len(whole) // 2]}, CITY, failure={"isRetryable": True})
    for at in (len(whole) // 3, len(whole) // 2, len(whole) - 6, len(whole) - 2):
        damaged = bytearray(whole)
        damaged[at] ^= 0x10
        case(f"gzip with byte {at} flipped", {f"flip-{at}.csv.gz": bytes(damaged)}, CITY, failure={"isRetryable": False})
    case("gzip and other data behind it", {"garbage.csv.gz": whole + b"garbage"}, CITY, failure={"isRetryable": False})
    case("gzip, zeros and other data behind it", {"padded-garbage.csv.gz": whole + bytes(512) + b"garbage"}, CITY, failure={"isRetryable": False})
    case("no gzip although it is called that", {"plain.csv.gz": data}, CITY, failure={"isRetryable": False})


def drifts():
    new = text("name,city,at", "Dan,Bonn,2026-01-01T13:00:00Z")
    case("a new column", {"drift-1-old.csv": text("city,at", "Lima,2026-01-01T09:00:00Z"), "drift-1-new.csv": new}, CITY)
    case("columns in another order and in capitals", {"drift-2-a.csv": text(HEADER, *ROWS), "drift-2-b.csv": text("NAME,At,City", "Dan,2026-01-01T13:00:00Z,Bonn")}, CITY)
    case("a column that is gone", {"drift-3-old.csv": text(HEADER, *ROWS), "drift-3-new.csv": text("at,city", "2026-01-01T13:00:00Z,Bonn")}, CITY)
    case("a column that no file has", {"drift-4.csv": text("city,at", "Lima,2026-01-01T09:00:00Z")}, CITY, failure={"isRetryable": False})
    case("a file that has none of the columns", {"drift-5-a.csv": text(HEADER, *ROWS), "drift-5-b.csv": text("x,y", "1,2")}, CITY, failure={"isRetryable": False})
    case("rows of too few and too many fields", {"torn.csv": text(HEADER, ROWS[0], "Bonn,2026-01-01T13:00:00Z", "Bonn,2026-01-01T13:00:00Z,Dan,x", ROWS[1])}, CITY)
    case("names that are globs", {"glob[1].csv": text(HEADER, ROWS[0]), "glob1.csv": text(HEADER, ROWS[1])}, CITY, path=["glob*.csv"])
    case("names of special characters", {"it's #1 %20; $x.csv": text(HEADER, ROWS[0])}, CITY)


TEXTS = {
    "DECIMAL(10,2)": ["1.23", "1.2", "1", "1.230", "1.239", "-0.004", "-0.00", ".5", "5.", "+7.10", " 8.25 ", "1_000", "1,000", "99999999.99", "100000000.00", "1e2", "1.2345e2", "1.2345e1", "1e-2", "1e-3", "1E+3", "NaN", "Infinity", "0x10", "1.2.3", "--1", "1e400"],
    "DECIMAL(38,9)": ["12345678901234567890123456789.123456789", "0.1234567891", "123456789012345678901234567890", "1e28", "1e29", "0.0000000010"],
    "DECIMAL(18,0)": ["123456789012345678", "1.0", "0.5", "1e17", "1234567890123456789"],
    "INTEGER": ["2147483647", "2147483648", "-2147483648", "-2147483649", "1.0", "1.5", "1e3", "1_000", "0x10", "0b1", " 7 ", "+7", "007", "-0", "1,000"],
    "TINYINT": ["127", "128", "-128", "-129"],
    "BIGINT": ["9223372036854775807", "9223372036854775808", "9007199254740993.0", "-9223372036854775808"],
    "UBIGINT": ["18446744073709551615", "18446744073709551616", "-1", "18446744073709551615.0"],
    "DOUBLE": ["0.1", "1e400", "-1e400", "1e-400", "1e308", "5e-324", "0", "-0.0", "0e5", "0e-999", "inf", "-Infinity", "NaN", "1_000.5", " 1.5 ", "1.", ".5", "0x1p3", "1d", "infi"],
    "BOOLEAN": ["true", "FALSE", "t", "0", "1", "2", " true ", "maybe", "01"],
    "DATE": ["2026-01-01", "2026/1/2", " 2026-01-03 ", "2026-01-01T23:30:00-05:00", "2026-01-01T00:00:00Z", "2026-01-01 00:00:00", "2026-01-01T00:00:00+02:00", "2026-01-01 10:00:00", "infinity", "-infinity", "epoch", "2026-02-30", "2024-02-29", "20260101", "99-01-01", "2026-01-01abc", "2026-01-1a", "01/02/2026"],
    "TIME": ["10:00", "10:00:01", "1:2:3", "01:02:03.5", "10:00:00.123456", "10:00:00.1234567", "10:00:00.123456000", "10:00+02", "10:00:00+02", "10:00:00Z", "10:00:00 PM", "2026-01-01 10:00:00", "23:59:60", "25:00", " 10:00:00 "],
    "TIMESTAMP": ["2026-01-01T10:00:00Z", "2026-01-01T10:00:00z", "2026-01-01 10:00:00 UTC", "2026-01-01 10:00:00 +0000", "2026-01-01 10:00:00 +02:00", "2026-01-01t10:00:00-0530", " 2026-01-01 10:00:00 ", "2026-01-01 10:00", "2026-01-01T10:00+02:00", "2026/1/2 3:04", "2026-01-01", "2026-01-01T10:00:60Z", "2026-01-01T10:00:00.123456Z", "2026-01-01T10:00:00.1234567Z", "2026-01-01T10:00:00.123456000Z", "2026-01-01T10:00:00+99:00", "2026-01-01T10:00:00+02:99", "2026-01-01T10:00:00 CET", "2026-01-01T10:00:00 Europe/Paris", "infinity", "epoch", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "1700000000", "2026-01-01T10:00:00,5Z"],
    "TIMESTAMPTZ": ["2026-01-01T10:00:00.5+02:00", "2026-01-01 10:00:00 UTC", "2026-01-01 10:00:00", "2026-01-01T10:00:00.0000001Z", "infinity"],
    "TIMESTAMP_NS": ["2026-01-01T10:00:00.123456789Z", "2026-01-01T10:00:00.1+02:00", "1969-12-31T23:59:59.999999999Z", "2026-01-01", "1066-10-14T00:00:00Z", "9999-01-01T00:00:00Z"],
}


def types():
    for kind, values in TEXTS.items():
        slug = re.sub(r"\W+", "-", kind.lower()).strip("-")
        columns = {"id": "INTEGER", "v": kind}
        rows = io.StringIO()
        writer = csv.writer(rows, lineterminator="\n")
        writer.writerows([["id", "v"], *enumerate(values)])
        case(f"{kind} in CSV", {f"type-{slug}.csv": rows.getvalue().encode()}, columns)
        lines = text(*(json.dumps({"id": index, "v": value}) for index, value in enumerate(values)))
        case(f"{kind} in JSON strings", {f"type-{slug}.jsonl": lines}, columns, format="json")
        for one in cases[-2:]:
            if kind == "TIMESTAMP_NS":  # 64 bits of nanoseconds reach from 1677 to 2262
                beyond = [row for row in one["rows"] if not "1678" < row[1] < "2262"]
                one["rows"] = [row for row in one["rows"] if row not in beyond]
                one["rejected"] += len(beyond)


def json_columns():
    values = ['{"a": 1.10}', "NaN", "[1,]", '{"x": [-Infinity]}', '{"x": 1, }', '{"NaN,]": "inf, }"}', "null", "1 ", "{", "[1] x", "'x'", '{"a": "\\\\", "b": NaN}']
    rows = io.StringIO()
    csv.writer(rows, lineterminator="\n").writerows([["id", "v"], *enumerate(values)])
    case("JSON in CSV", {"type-json.csv": rows.getvalue().encode()}, {"id": "INTEGER", "v": "JSON"})


def other_compressions():
    data = text(*(f"town {i},2026-01-01T10:00:00Z,Ann" for i in range(3)))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("in.csv"), data)
    for label, packed in (("bzip2", bz2.compress(data)), ("xz", b"\xfd7zXZ\x00\x00\x04" + bytes(40)), ("zip", archive.getvalue())):
        case(f"{label} without a header", {f"other-{label}.csv": packed}, CITY, failure={"isRetryable": False}, header=False)
    case("a text that begins like bzip2", {"other-text.csv": text("city,at,name", "BZh91,2026-01-01T10:00:00Z,Ann")}, CITY)


def jsons():
    columns = {"id": "INTEGER", "v": "VARCHAR"}
    lines = [json.dumps({"id": index, "v": f"text {index}"}) for index in range(4)]
    case("JSON lines with blank ones", {"blank.jsonl": text("", lines[0], "", *lines[1:], "")}, columns, format="json")
    case("JSON lines with tabs around", {"tabs.jsonl": text("\t" + lines[0], " \t" + lines[1] + "\t", "\t", *lines[2:], end="\r\n")}, columns, format="json")
    case("JSON lines with a byte order mark", {"bom.jsonl": b"\xef\xbb\xbf" + text(*lines)}, columns, format="json")
    case("JSON lines that end differently", {"mixed.jsonl": (lines[0] + "\r\n" + lines[1] + "\n" + lines[2] + "\r" + lines[3]).encode()}, columns, format="json")
    case("JSON lines that are none", {"bad.jsonl": text(lines[0], "{", "[1]", "7", '{"id": 1', lines[1])}, columns, format="json")
    array = json.dumps([{"id": index, "v": None} for index in range(3)])
    case("a JSON array", {"array.json": array.encode()}, columns, format="json")
    case("a JSON array with a byte order mark and blank lines", {"array-bom.json": b"\xef\xbb\xbf\n\n" + array.encode() + b"\n\n"}, columns, format="json")
    case("a JSON array cut behind a comma", {"array-comma.json": b'[{"id": 1, "v": "a"},\n'}, columns, format="json", failure={"isRetryable": True})
    case("a JSON array cut behind a row", {"array-row.json": b'[{"id": 1, "v": "a"}'}, columns, format="json", failure={"isRetryable": True})
    case("a JSON array with other data behind it", {"array-garbage.json": array.encode() + b" [1]"}, columns, format="json", failure={"isRetryable": False})
    case("a key twice", {"twice.jsonl": text('{"id": 1, "v": "a", "v": "b"}', '{"id": 2, "v": "c"}', '{"id": 3, "x": 1, "x": 2}')}, columns, format="json")
    case("a key in capitals", {"capitals.jsonl": text('{"id": 1, "v": "a"}', '{"ID": 2, "v": "b"}', '{"id": 3}', '{"id": 4, "ID": 5, "v": "c"}', '{"id": 6, "V": "d", "v": "e"}')}, columns, format="json")
    case("a character that has no meaning", {"mark.jsonl": text('{"id": 1, "v": "\\ufdd0x"}', '{"id": 2, "v": "\\uFDD0"}', '{"id": 3, "v": "\ufdd0y"}')}, columns, format="json")
    numbers = {"id": "INTEGER", "v": "DECIMAL(30,9)", "big": "BIGINT", "text": "VARCHAR"}
    case(
        "numbers that a double does not hold",
        {
            "numbers.jsonl": text(
                '{"id": 1, "v": 12345678901234567.891, "big": 9007199254740993, "text": 1234567890.12345678901234567}',
                '{"id": 2, "v": 0.100000000000000000001, "big": 1, "text": "a, 1234567890123456.78"}',
                '{"id": 3, "v": 1.5, "big": 9223372036854775808, "text": "x"}',
                '{"id": 4, "v": 123456789012345678901.123456789, "big": -9223372036854775808, "text": "\\"12345678901234567.8\\": 1"}',
                '{"id": 5, "v": 1e-400, "big": 1, "text": "x"}',
                '{"id": 6, "v": 1.5, "big": -1e-330, "text": "x"}',
                '{"id": 7, "v": 0e-400, "big": 1, "text": 1.234567E-320}',
                '{"id": 8, "v": 1, "big": 2, "text": ", 1e-400"}',
            )
        },
        numbers,
        format="json",
    )


line_ends()
headers()
comments()
relaxations()
nested_times()
encodings()
gzips()
drifts()
types()
json_columns()
other_compressions()
jsons()


def is_same(stored, made, name):
    """Python's versions of zlib differ in how they compress."""
    if stored == made or not (name.endswith(".gz") or made[:2] == b"\x1f\x8b"):
        return stored == made
    try:
        return gzip.decompress(stored) == gzip.decompress(made)
    except (EOFError, OSError, zlib.error):
        return any(name in one["path"] and "failure" in one for one in cases) and not is_whole(stored)


def is_whole(data):
    try:
        gzip.decompress(data)
        return len(data) > 0
    except (EOFError, OSError, zlib.error):
        return False


files["index.json"] = (json.dumps(cases, indent=1, ensure_ascii=True) + "\n").encode()
if "--check" in sys.argv:
    stored = {file.name: file.read_bytes() for file in FILES.iterdir()}
    names = sorted(stored.keys() | files.keys())
    wrong = [name for name in names if name not in stored or name not in files or not is_same(stored[name], files[name], name)]
    if wrong:
        sys.exit(f"not what make.py says: {', '.join(wrong)}")
else:
    FILES.mkdir(exist_ok=True)
    for file in FILES.iterdir():
        file.unlink()
    for name, data in files.items():
        (FILES / name).write_bytes(data)
print(f"{len(cases)} cases")
