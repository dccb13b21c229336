#!/usr/bin/env python3
"""Makes folding_tables.cc from the data of Python's unicodedata and of ICU (uconv, package icu-devtools)."""

import pathlib
import subprocess
import unicodedata


def bare(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def folded():
    """Width, case and accents: code points of the basic plane that one other stands for."""
    for code in range(0xA0, 0x10000):
        if 0xD800 <= code < 0xE000 or 0x3400 <= code < 0xA000 or 0xAC00 <= code < 0xD7B0:
            continue
        out = bare(bare(chr(code)).casefold())
        if len(out) == 1 and out != chr(code) and ord(out) < 0x10000:
            yield chr(code), out


def simplified():
    """Traditional characters and their simplified ones."""
    all_of_them = [chr(c) for c in range(0x3400, 0xA000) if unicodedata.category(chr(c)) == "Lo"]
    command = ["uconv", "-f", "utf-8", "-t", "utf-8", "-x", "Hant-Hans"]
    done = subprocess.run(command, input="\n".join(all_of_them), capture_output=True, text=True, check=True)
    for before, after in zip(all_of_them, done.stdout.split("\n")):
        if before != after and len(after) == 1 and ord(after) < 0x10000:
            yield before, after


def invisible():
    """Ranges, first and last, of what shows nothing of its own: format characters and marks."""
    codes = [c for c in range(0x80, 0x10000) if unicodedata.category(chr(c)) in ("Cf", "Mn", "Me")]
    first = codes[0]
    for code, following in zip(codes, codes[1:] + [None]):
        if following != code + 1:
            yield chr(first), chr(code)
            first = following


def literal(pairs):
    text = "".join(a + b for a, b in sorted(pairs))
    lines = ["".join(f"\\u{ord(c):04x}" for c in text[i:i + 14]) for i in range(0, len(text), 14)]
    return "\n".join(f'    u"{line}"' for line in lines)


out = pathlib.Path(__file__).with_suffix(".cc")
out.write_text(f"""// Made from Unicode's data: folding_tables.py says how. Each table is pairs, sorted by the first.
#include "folding_tables.h"

// clang-format off

namespace turms::antispam {{

const std::u16string_view kFolded =
{literal(folded())};

const std::u16string_view kSimplified =
{literal(simplified())};

const std::u16string_view kInvisible =
{literal(invisible())};

}}  // namespace turms::antispam
""")
