#include "trainer/text/jsonl.h"

#include <string.h>

#include "core/text.h"

typedef struct {
    char *at, *end;
    const char *why; /* NULL: all is well so far */
} scan;

/* A string, decoded. */
typedef struct {
    char *begin;
    int64_t bytes, nul;
} string;

static bool refuse(scan *s, const char *why)
{
    s->why = why;
    return false;
}

/* ---- white space, literals and numbers ------------------------------------------------------ */

static void skip_space(scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\r' || *s->at == '\n'))
        s->at++;
}

/* The next byte, or -1. */
static int peek(const scan *s) { return s->at < s->end ? (unsigned char)*s->at : -1; }

static bool take(scan *s, char c)
{
    if (peek(s) != (unsigned char)c)
        return false;
    s->at++;
    return true;
}

static bool is_digit(int c) { return c >= '0' && c <= '9'; }

static bool digits(scan *s)
{
    if (!is_digit(peek(s)))
        return refuse(s, "expected a digit");
    while (is_digit(peek(s)))
        s->at++;
    return true;
}

static bool number(scan *s)
{
    take(s, '-');
    if (!take(s, '0') && !digits(s))
        return false;
    if (take(s, '.') && !digits(s))
        return false;
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+'))
            take(s, '-');
        return digits(s);
    }
    return true;
}

static bool literal(scan *s, const char *word)
{
    const size_t length = strlen(word);

    if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length) != 0)
        return refuse(s, "expected a value");
    s->at += length;
    return true;
}

/* ---- strings -------------------------------------------------------------------------------- */

static const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;

/* The high bit of bytes that are c; of others only above such a one. */
static uint64_t bytes_that_are(uint64_t word, char c)
{
    word ^= ones * (unsigned char)c;
    return (word - ones) & ~word & highs;
}

/* The first byte that is not ASCII, or is a quote, a backslash or a control character. */
static char *after_plain(char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t word, special;
        memcpy(&word, at, sizeof word);
        special = (word & highs) | ((word - ones * 0x20) & ~word & highs) |
                  bytes_that_are(word, '"') | bytes_that_are(word, '\\');
        if (special)
            return at + (__builtin_ctzll(special) >> 3);
    }
    while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' &&
           *at != '\\')
        at++;
    return at;
}

/* Behind the bytes that stand for themselves; NULL at one that is not UTF-8. */
static char *after_run(scan *s)
{
    char *at = s->at;

    while ((at = after_plain(at, s->end)) < s->end && (unsigned char)*at >= 0x80) {
        do {
            int length = vsh_utf8_bytes(at, s->end - at);
            if (length == 0) {
                s->at = at;
                return NULL;
            }
            at += length;
        } while (at < s->end && (unsigned char)*at >= 0x80);
    }
    return at;
}

static int hex_digit(int c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four of them; -1 otherwise. */
static int32_t hex(scan *s)
{
    int32_t value = 0;

    if (s->end - s->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit((unsigned char)s->at[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    s->at += 4;
    return value;
}

static char *put_utf8(char *out, int32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
        return out;
    }
    if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *out++ = (char)(0xe0 | c >> 12);
        } else {
            *out++ = (char)(0xf0 | c >> 18);
            *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (c & 0x3f));
    return out;
}

/* Behind "\u": a character of one or two times four digits. -1: refused. */
static int32_t escaped_character(scan *s)
{
    int32_t high = hex(s), low;

    if (high < 0) {
        refuse(s, "expected four hexadecimal digits");
        return -1;
    }
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || !take(s, '\\') || !take(s, 'u') || (low = hex(s)) < 0xdc00 ||
        low > 0xdfff) {
        refuse(s, "half a surrogate pair");
        return -1;
    }
    return 0x10000 + (high - 0xd800) * 0x400 + (low - 0xdc00);
}

/* Behind a backslash; what it stands for is shorter than it and goes to *out. */
static bool escape(scan *s, char **out, int64_t *nul)
{
    static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const int c = peek(s);
    const char *letter = c > 0 ? strchr(letters, c) : NULL;
    int32_t character;

    if (letter) {
        *(*out)++ = values[letter - letters];
        s->at++;
        return true;
    }
    if (!take(s, 'u'))
        return refuse(s, "no such escape");
    if ((character = escaped_character(s)) < 0)
        return false;
    *nul += character == 0;
    *out = put_utf8(*out, character);
    return true;
}

/* At the opening quote. */
static bool read_string(scan *s, string *found)
{
    char *out = ++s->at;

    *found = (string){.begin = out};
    for (;;) {
        char *run = s->at, *stop = after_run(s);
        if (!stop)
            return refuse(s, "not UTF-8");
        if (out != run)
            memmove(out, run, (size_t)(stop - run));
        out += stop - run;
        s->at = stop;
        if (take(s, '"'))
            break;
        if (!take(s, '\\'))
            return refuse(s, stop == s->end ? "the line ends in a string"
                                            : "a control character in a string");
        if (!escape(s, &out, &found->nul))
            return false;
    }
    found->bytes = out - found->begin;
    return true;
}

/* ---- values --------------------------------------------------------------------------------- */

/* What is open around a value: a bit each, set for objects. */
typedef struct {
    uint64_t object[VSH_JSONL_DEPTH / 64];
    int depth;
} nest;

static bool in_object(const nest *n)
{
    const int i = n->depth - 1;

    return n->object[i / 64] >> (i % 64) & 1;
}

static bool open_one(scan *s, nest *n, bool object)
{
    const int i = n->depth;
    const uint64_t bit = (uint64_t)1 << (i % 64);

    if (i == VSH_JSONL_DEPTH)
        return refuse(s, "too many arrays and objects in each other");
    n->object[i / 64] = object ? n->object[i / 64] | bit : n->object[i / 64] & ~bit;
    n->depth++;
    s->at++;
    return true;
}

/* A name and its colon. */
static bool read_name(scan *s, string *name)
{
    skip_space(s);
    if (peek(s) != '"')
        return refuse(s, "expected a member's name");
    if (!read_string(s, name))
        return false;
    skip_space(s);
    return take(s, ':') || refuse(s, "expected a colon");
}

static bool scalar(scan *s)
{
    string ignored;

    switch (peek(s)) {
    case '"':
        return read_string(s, &ignored);
    case 't':
        return literal(s, "true");
    case 'f':
        return literal(s, "false");
    case 'n':
        return literal(s, "null");
    default:
        return is_digit(peek(s)) || peek(s) == '-' ? number(s) : refuse(s, "expected a value");
    }
}

/* Behind a value: closes what ends there, up to a comma and what must stand behind it. *done: all
 * is closed. */
static bool go_on(scan *s, nest *n, bool *done)
{
    string name;

    for (; n->depth > 0; n->depth--) {
        skip_space(s);
        if (take(s, ',')) {
            *done = false;
            return !in_object(n) || read_name(s, &name);
        }
        if (!take(s, in_object(n) ? '}' : ']'))
            return refuse(s, in_object(n) ? "expected a comma or }" : "expected a comma or ]");
    }
    *done = true;
    return true;
}

/* A value of any kind, arrays and objects without recursion. */
static bool skip_value(scan *s)
{
    nest n = {.depth = 0};
    bool done = false;

    while (!done) {
        skip_space(s);
        if (peek(s) == '[' || peek(s) == '{') {
            bool object = *s->at == '{';
            string name;
            if (!open_one(s, &n, object))
                return false;
            skip_space(s);
            if (peek(s) != (object ? '}' : ']')) {
                if (object && !read_name(s, &name))
                    return false;
                continue;
            }
        } else if (!scalar(s)) {
            return false;
        }
        if (!go_on(s, &n, &done))
            return false;
    }
    return true;
}

/* ---- the line ------------------------------------------------------------------------------- */

static bool is_text(const string *name)
{
    return name->bytes == 4 && memcmp(name->begin, "text", 4) == 0;
}

static bool read_text(scan *s, string *text)
{
    if (text->begin)
        return refuse(s, "a second \"text\"");
    skip_space(s);
    if (peek(s) != '"')
        return refuse(s, "expected a string as \"text\"");
    return read_string(s, text);
}

static bool read_members(scan *s, string *text)
{
    string name;

    do {
        if (!read_name(s, &name))
            return false;
        if (!(is_text(&name) ? read_text(s, text) : skip_value(s)))
            return false;
        skip_space(s);
    } while (take(s, ','));
    return take(s, '}') || refuse(s, "expected a comma or }");
}

static bool read_object(scan *s, string *text)
{
    skip_space(s);
    if (!take(s, '{'))
        return refuse(s, "expected an object with a \"text\"");
    skip_space(s);
    if (!take(s, '}') && !read_members(s, text))
        return false;
    skip_space(s);
    if (s->at < s->end)
        return refuse(s, "expected the end of the line");
    return text->begin || refuse(s, "expected an object with a \"text\"");
}

bool vsh_jsonl_read(char *line, int64_t bytes, vsh_jsonl *found)
{
    scan s = {.at = line, .end = line + bytes};
    string text = {0};
    bool good = read_object(&s, &text);

    *found = good ? (vsh_jsonl){.text = text.begin, .bytes = text.bytes, .nul = text.nul}
                  : (vsh_jsonl){.why = s.why, .at = s.at - line};
    return good;
}
