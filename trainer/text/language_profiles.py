#!/usr/bin/env python3
"""Makes language_profiles.h: how much likelier each trigram of letters is in a language than in all.

    language_profiles.py FOLDER [HELD_OUT] > language_profiles.h

FOLDER: Debian packages unpacked side by side (dpkg-deb -x):
    gnome-user-docs 43.0                      CC-BY-SA-3.0         all languages
    libreoffice-help-LL 7.4.7, -en-us         MPL-2.0              all but ca, id
    manpages-LL 4.18.1                        GPL-3+ and others    only to judge with
    wordnet-base 3.0                          WordNet licence      en
    bible-kjv (its program, run)              public domain        en
Only frequencies of letters go into the header. One paragraph in ten (by CRC) is not learnt from; it
is written to HELD_OUT/LL.txt, as are the paragraphs of the manual pages, to judge with.
"""
import collections
import glob
import gzip
import html
import math
import os
import re
import subprocess
import sys
import zlib

LANGUAGES = "en de fr es it pt nl sv da ca pl cs fi hu id tr".split()
GNOME = {"en": ["C"], "pt": ["pt", "pt_BR"]}
OFFICE = {"en": "en-US"}
MANUAL = {"pt": ["pt_BR"]}
BUCKETS = 4096  # as in language.c
MULTIPLIER = 0x9E3779B1
STEP = 0.25  # nats a level
MIDDLE = 17  # levels are the characters from "]" on: no quote, no backslash, no trigraph
FLOOR = 2e-6  # of a frequency: rarer is chance
SAMPLE = 3_000_000  # characters of a source of a language
ENGLISH = {"the", "of", "and", "is", "you", "to", "for", "this"}


def paragraphs_of_markup(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    for paragraph in re.findall(r"<(?:p|h[1-6]|title|td)\b[^>]*>(.*?)</(?:p|h[1-6]|title|td)>", text, re.S):
        paragraph = re.sub(r"<(code|input|app|cmd|file|sys)\b.*?</\1>", " ", paragraph, flags=re.S)
        yield html.unescape(re.sub(r"<[^>]*>", " ", paragraph))


def paragraphs_of_manual(path):
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
        text = file.read()
    text = re.sub(r"(?m)^[.'].*$", "\n", text)
    text = re.sub(r"\\f[BI].*?\\f[RP]", " ", text, flags=re.S)
    text = re.sub(r"\\(f\w|\(\w\w|\[\w+\]|[&%|^-]|s[-+]?\d|.)", " ", text)
    return re.split(r"\n\s*\n", text)


def is_english(paragraph):
    words = paragraph.lower().split()
    return sum(w in ENGLISH for w in words) > 0.06 * len(words)


def clean(language, paragraphs, english):
    """Once each, without what nobody has translated yet."""
    seen = set(english)
    for paragraph in paragraphs:
        paragraph = " ".join(paragraph.split())
        if len(paragraph) < 40 or paragraph in seen or (language != "en" and is_english(paragraph)):
            continue
        seen.add(paragraph)
        yield paragraph


def sources(folder, language):
    share = os.path.join(folder, "usr/share")
    pages = [p for l in GNOME.get(language, [language])
             for p in sorted(glob.glob(f"{share}/help/{l}/**/*.page", recursive=True))]
    office = sorted(glob.glob(f"{share}/libreoffice/help/{OFFICE.get(language, language)}/**/*.html",
                              recursive=True), key=lambda p: zlib.crc32(os.path.basename(p).encode()))
    manual = [p for l in MANUAL.get(language, [language])
              for p in sorted(glob.glob(f"{share}/man/{l}/**/*.gz", recursive=True))]
    yield "gnome", (p for path in pages for p in paragraphs_of_markup(path))
    yield "office", (p for path in office for p in paragraphs_of_markup(path))
    yield "manual", (p for path in manual for p in paragraphs_of_manual(path))
    if language == "en":
        yield "wordnet", (line.split("|", 1)[1] for path in sorted(glob.glob("/usr/share/wordnet/data.*"))
                          for line in open(path, encoding="utf-8") if "|" in line)
        bible = subprocess.run(["bible", "-f", "gen1:1-rev22:21"], capture_output=True, check=True)
        yield "bible", (re.sub(r"^\S+\s", "", line) for line in bible.stdout.decode().splitlines())


def letter(character):
    """The nine bits of a character: 0 between words, 1 for letters of other scripts."""
    if not character.isalpha():
        return 0
    code = ord({"ș": "ş", "ț": "ţ"}.get(character.lower(), character.lower()[0]))
    return code if code < 0x180 else 1


def buckets(paragraph):
    key, last = 0, 0
    for character in paragraph + " ":
        code = letter(character)
        if code == 0 and last == 0:
            continue
        key = (key << 9 | code) & 0x7FFFFFF
        last = code
        yield (key * MULTIPLIER & 0xFFFFFFFF) >> 20


def learn(folder, language, held_out, english):
    """Frequency of each bucket; half an occurrence more where a language has little text."""
    counts = collections.Counter()
    judged = open(os.path.join(held_out, language + ".txt"), "w") if held_out else None
    manual = open(os.path.join(held_out, language + ".manual"), "w") if held_out else None
    for name, paragraphs in sources(folder, language):
        size = 0
        for paragraph in clean(language, paragraphs, english):
            kept_back = zlib.crc32(paragraph.encode()) % 10 == 0
            if held_out and (kept_back or name == "manual"):
                (manual if name == "manual" else judged).write(paragraph + "\n")
            if kept_back or name == "manual":
                continue
            counts.update(buckets(paragraph))
            size += len(paragraph)
            if size > SAMPLE:
                break
        print(language, name, size, file=sys.stderr)
    total = sum(counts.values()) + BUCKETS / 2
    return [(counts[bucket] + 0.5) / total for bucket in range(BUCKETS)]


def main():
    held_out = sys.argv[2] if len(sys.argv) > 2 else None
    english = {p for name, paragraphs in sources(sys.argv[1], "en") if name in ("gnome", "office")
               for p in clean("en", paragraphs, ())}
    frequency = [learn(sys.argv[1], language, held_out, english if language != "en" else ())
                 for language in LANGUAGES]
    rows = []
    for bucket in range(BUCKETS):
        logs = [math.log(f[bucket] + FLOOR) for f in frequency]
        mean = sum(logs) / len(logs)
        levels = [min(33, max(0, round((x - mean) / STEP) + MIDDLE)) for x in logs]
        rows.append("".join(chr(93 + level) for level in levels))
    print("/* Made by language_profiles.py, which says from what; not to be edited. A row is a bucket of\n"
          " * trigrams, a column a language: its log likelihood there less the mean of all languages, in\n"
          " * steps of 0.25 nats from ']' on, 'n' for none. */")
    print("#ifndef VSH_LANGUAGE_PROFILES_H\n#define VSH_LANGUAGE_PROFILES_H\n")
    print("enum { LANGUAGE_BUCKETS = %d, LANGUAGE_COLUMNS = %d, LANGUAGE_MIDDLE = %d };"
          % (BUCKETS, len(LANGUAGES), 93 + MIDDLE))
    print("#define LANGUAGE_MULTIPLIER UINT32_C(0x%X)" % MULTIPLIER)
    print("#define LANGUAGE_CODES " + ", ".join('"%s"' % l for l in LANGUAGES) + "\n")
    print("/* clang-format off */")
    print("static const char language_profiles[LANGUAGE_BUCKETS / 4][4 * LANGUAGE_COLUMNS] = {")
    for row in range(0, BUCKETS, 4):
        print('"' + "".join(rows[row:row + 4]) + '",')
    print("};\n/* clang-format on */\n\n#endif")


main()
