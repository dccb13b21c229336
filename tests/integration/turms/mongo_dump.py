"""Writes what mongodump writes, after the specifications of BSON and of mongo-tools' archives."""

import datetime
import pathlib
import struct

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


class Int64(int):
    """Python has one kind of whole number; BSON has two."""


def at(ms):
    return EPOCH + datetime.timedelta(milliseconds=ms)


def document(fields):
    content = b"".join(element(name, value) for name, value in fields.items())
    return struct.pack("<i", len(content) + 5) + content + b"\0"


def element(name, value):
    kind, encoded = encode(value)
    return bytes([kind]) + name.encode() + b"\0" + encoded


def encode(value):
    if value is None:
        return 0x0A, b""
    if isinstance(value, bool):
        return 0x08, bytes([value])
    if isinstance(value, Int64):
        return 0x12, struct.pack("<q", value)
    if isinstance(value, int):
        return 0x10, struct.pack("<i", value)
    if isinstance(value, float):
        return 0x01, struct.pack("<d", value)
    if isinstance(value, str):
        text = value.encode()
        return 0x02, struct.pack("<i", len(text) + 1) + text + b"\0"
    if isinstance(value, bytes):
        return 0x05, struct.pack("<ib", len(value), 0) + value
    if isinstance(value, datetime.datetime):
        return 0x09, struct.pack("<q", (value - EPOCH) // datetime.timedelta(milliseconds=1))
    if isinstance(value, dict):
        return 0x03, document(value)
    if isinstance(value, list):
        return 0x04, document({str(i): item for i, item in enumerate(value)})
    raise TypeError(value)


def write_directory(path, databases):
    """`databases`: name → collection → documents."""
    for database, collections in databases.items():
        folder = pathlib.Path(path) / database
        folder.mkdir(parents=True)
        for name, documents in collections.items():
            (folder / f"{name}.bson").write_bytes(b"".join(map(document, documents)))
            (folder / f"{name}.metadata.json").write_text("{}")


def archive(databases):
    """One block for each collection, and an empty one at its end."""
    end = struct.pack("<i", -1)
    out = [struct.pack("<I", 0x8199E26D),
           document({"concurrent_collections": 4, "version": "0.1", "server_version": "7.0.5", "tool_version": "100.9.4"})]
    places = [(database, name, documents) for database, collections in databases.items()
              for name, documents in collections.items()]
    out += [document({"db": database, "collection": name, "metadata": "{}", "size": 0, "type": "collection"})
            for database, name, _ in places] + [end]
    for database, name, documents in places:
        out += [document({"db": database, "collection": name, "EOF": False, "CRC": Int64(0)})]
        out += [*map(document, documents), end]
        out += [document({"db": database, "collection": name, "EOF": True, "CRC": Int64(0)}), end]
    return b"".join(out)
