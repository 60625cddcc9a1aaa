#include "trainer/text/text_kind.h"

#include <string.h>

/* Signatures as the formats' specifications give them, at an offset; long enough not to be how a
 * text begins. */
static const struct {
    int at, length;
    const char *bytes, *what;
} signatures[] = {
    {0, 2, "\xff\xfe", "UTF-16: expected UTF-8"},
    {0, 2, "\xfe\xff", "UTF-16: expected UTF-8"},
    {0, 4, "\x7f\x45LF", "binary (ELF program)"},
    {0, 8, "\x89PNG\r\n\x1a\n", "binary (PNG image)"},
    {0, 3, "\xff\xd8\xff", "binary (JPEG image)"},
    {0, 6, "GIF87a", "binary (GIF image)"},
    {0, 6, "GIF89a", "binary (GIF image)"},
    {0, 5, "%PDF-", "binary (PDF)"},
    {0, 4, "PK\x03\x04", "binary (zip archive)"},
    {0, 6, "7z\xbc\xaf\x27\x1c", "binary (7-Zip archive)"},
    {0, 6,
     "\xfd"
     "7zXZ\0",
     "packed with xz: expected gzip or zstd"},
    {4, 6, "1AY&SY", "packed with bzip2: expected gzip or zstd"},
    {0, 4, "\x04\x22\x4d\x18", "packed with lz4: expected gzip or zstd"},
    {0, 2, "\x1f\x8b", "packed twice"},
    {0, 4, "\x28\xb5\x2f\xfd", "packed twice"},
    {0, 16, "SQLite format 3\0", "binary (SQLite)"},
    {0, 5, "PAR1\x15", "binary (Parquet)"},
    {0, 8, "ARROW1\0\0", "binary (Arrow)"},
    {0, 4,
     "\x00"
     "asm",
     "binary (WebAssembly)"},
    {257, 6, "ustar\0", "binary (tar archive)"},
    {257, 8, "ustar  \0", "binary (tar archive)"},
};

enum { SIGNATURES = sizeof signatures / sizeof *signatures };

static bool begins(const char *first, int64_t bytes, const char *what, int length)
{
    return bytes >= length && memcmp(first, what, (size_t)length) == 0;
}

vsh_packing vsh_packing_of(const char *first, int64_t bytes)
{
    if (begins(first, bytes, "\x1f\x8b", 2))
        return VSH_GZIP;
    if (begins(first, bytes, "\x28\xb5\x2f\xfd", 4))
        return VSH_ZSTD;
    /* a skippable frame may come first (RFC 8878, section 3.1.2) */
    if (bytes >= 4 && (first[0] & 0xf0) == 0x50 && memcmp(first + 1, "\x2a\x4d\x18", 3) == 0)
        return VSH_ZSTD;
    return VSH_UNPACKED;
}

/* Control characters other than those that move a terminal or printer along. */
static bool is_strange(unsigned char c)
{
    return (c < 0x20 && !(c >= '\b' && c <= '\r') && c != 0x1b) || c == 0x7f;
}

const char *vsh_not_text(const char *first, int64_t bytes)
{
    int64_t strange = 0;

    for (int i = 0; i < SIGNATURES; i++)
        if (bytes >= signatures[i].at && begins(first + signatures[i].at, bytes - signatures[i].at,
                                                signatures[i].bytes, signatures[i].length))
            return signatures[i].what;
    for (int64_t i = 0; i < bytes; i++)
        strange += is_strange((unsigned char)first[i]);
    /* bytes drawn at random have a tenth of them, UTF-16 without a mark about half (derived) */
    return strange > 16 && strange > bytes / 16 ? "binary" : NULL;
}

bool vsh_has_mark(const char *first, int64_t bytes)
{
    return begins(first, bytes, "\xef\xbb\xbf", 3);
}
