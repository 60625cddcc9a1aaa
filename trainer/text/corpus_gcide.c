/* dictfmt's text of the dictionary. An entry begins in column 0:
 *
 *   Lark \Lark\ (l[aum]rk), n. [OE. larke, ... Dan. lerke.] (Zool.)
 *      Any one numerous species of singing birds of the genus
 *      {Alauda} and allied genera (family {Alaudid[ae]}).
 *      [1913 Webster]
 *
 * and becomes "Lark, n. (Zool.) Any one numerous species ... (family Alaudidæ)." A paragraph, a
 * numbered sense or a quotation is a line. */
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#include "trainer/text/corpus_sources.h"

enum {
    TEXT_BYTES_MAX = 512 << 20,
    ENTRY_BYTES_MAX = 1 << 20, /* the longest has 64 kB */
    GROUP_BYTES_MAX = 4096,    /* of [..], (..) and \..\ */
    LINK_BYTES_MAX = 256,
    SPELLING_BYTES_MAX = 160,
    RULE_SIGNS_MIN = 5
};

/* ---- characters --------------------------------------------------------------------------- */

/* How the dictionary writes what ASCII has not: the accents, and the most frequent of the rest. */
static const struct {
    const char *written, *meant;
} characters[] = {
    {"ae", "æ"},      {"AE", "Æ"},     {"oe", "œ"},     {"OE", "Œ"},      {"=ae", "ǣ"},
    {"aum", "ä"},     {"oum", "ö"},    {"uum", "ü"},    {"imac", "ī"},    {"asl", "ā"},
    {"'e", "é"},      {"'a", "á"},     {"'i", "í"},     {"'o", "ó"},      {"'u", "ú"},
    {"'E", "É"},      {"`e", "è"},     {"`a", "à"},     {"`i", "ì"},      {"`o", "ò"},
    {"`u", "ù"},      {"\"e", "ë"},    {"\"a", "ä"},    {"\"i", "ï"},     {"\"o", "ö"},
    {"\"u", "ü"},     {"\"O", "Ö"},    {"\"U", "Ü"},    {"^a", "â"},      {"^e", "ê"},
    {"^i", "î"},      {"^o", "ô"},     {"^u", "û"},     {"~n", "ñ"},      {"~a", "ã"},
    {"~o", "õ"},      {"~e", "ẽ"},     {",c", "ç"},     {"=a", "ā"},      {"=e", "ē"},
    {"=i", "ī"},      {"=o", "ō"},     {"=u", "ū"},     {"=y", "ȳ"},      {"-a", "ā"},
    {"-e", "ē"},      {"-i", "ī"},     {"-o", "ō"},     {"-u", "ū"},      {"a^", "ă"},
    {"e^", "ĕ"},      {"i^", "ĭ"},     {"o^", "ŏ"},     {"u^", "ŭ"},      {"y^", "y"},
    {".a", "ȧ"},      {".n", "ṅ"},     {".r", "ṛ"},     {".t", "ṭ"},      {".h", "ḥ"},
    {".u", "ụ"},      {"*a", "å"},     {"*u", "ů"},     {"=oo", "oo"},    {"oo^", "oo"},
    {"th", "th"},     {"ng", "ng"},    {"add", "ạ"},    {"udd", "ụ"},     {"eth", "ð"},
    {"thorn", "þ"},   {"yogh", "ȝ"},   {"deg", "°"},    {"sect", "§"},    {"root", "√"},
    {"pounds", "£"},  {"flat", "♭"},   {"sharp", "♯"},  {"times", "×"},   {"dagger", "†"},
    {"dag", "†"},     {"rarr", "→"},   {"middot", "·"}, {"divby", "÷"},   {"div", "÷"},
    {"min", "′"},     {"sec", "″"},    {"bprime", "′"}, {"nbsp", " "},    {"break", " "},
    {"alpha", "α"},   {"beta", "β"},   {"gamma", "γ"},  {"delta", "δ"},   {"epsilon", "ε"},
    {"eta", "η"},     {"theta", "θ"},  {"iota", "ι"},   {"kappa", "κ"},   {"lambda", "λ"},
    {"mu", "μ"},      {"pi", "π"},     {"rho", "ρ"},    {"sigma", "σ"},   {"tau", "τ"},
    {"upsilon", "υ"}, {"phi", "φ"},    {"chi", "χ"},    {"omega", "ω"},   {"Delta", "Δ"},
    {"Gamma", "Γ"},   {"Lambda", "Λ"}, {"Sigma", "Σ"},  {"Upsilon", "Υ"}, {"Omega", "Ω"},
};

static const char *character_of(const char *written, size_t length)
{
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++)
        if (strlen(characters[i].written) == length &&
            memcmp(characters[i].written, written, length) == 0)
            return characters[i].meant;
    return NULL;
}

/* The file is ASCII but for a few bytes of Latin 1; valid UTF-8 would be kept. */
static size_t put_high_byte(const char *at, const char *end, vsh_text *text)
{
    const int length = vsh_utf8_bytes(at, end - at);
    char two[2];

    if (length > 0) {
        vsh_text_put(text, at, (size_t)length);
        return (size_t)length;
    }
    if ((unsigned char)*at == 0x92) { /* Windows-1252 */
        vsh_text_put(text, "'", 1);
    } else if ((unsigned char)*at >= 0xa0) {
        two[0] = (char)(0xc0 | (unsigned char)*at >> 6);
        two[1] = (char)(0x80 | ((unsigned char)*at & 0x3f));
        vsh_text_put(text, two, 2);
    }
    return 1;
}

/* ---- paragraphs --------------------------------------------------------------------------- */

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* "12. " or "(b) " begins a sense. */
static bool begins_sense(const char *at, const char *end)
{
    const char *digit = at;

    while (digit < end && digit - at < 3 && is_digit(*digit))
        digit++;
    if (digit > at)
        return end - digit > 1 && digit[0] == '.' && digit[1] == ' ';
    return end - at > 3 && at[0] == '(' && at[1] >= 'a' && at[1] <= 'z' && at[2] == ')' &&
           at[3] == ' ';
}

/* The lines of an entry as paragraphs, each a line, without indentation and runs of blanks. */
static void unwrap(const char *at, const char *end, vsh_text *flat)
{
    bool open = false; /* a paragraph is begun */

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline ? newline : end;
        while (at < line_end && (unsigned char)*at <= ' ')
            at++;
        if (open && (at == line_end || begins_sense(at, line_end)))
            vsh_text_put(flat, "\n", 1);
        else if (open)
            vsh_text_put(flat, " ", 1);
        open = at < line_end;
        for (; at < line_end; at++) {
            bool blank = (unsigned char)*at <= ' ';
            if (!blank)
                vsh_text_put(flat, at, 1);
            else if (flat->data[flat->length - 1] != ' ')
                vsh_text_put(flat, " ", 1);
        }
        at = newline ? newline + 1 : end;
    }
}

/* ---- markup ------------------------------------------------------------------------------- */

/* One entry on its way from flat text to a document. */
typedef struct {
    const char *at, *end;
    vsh_text *text;
    size_t begin;           /* of the document in text */
    bool head;              /* the definition has not begun: brackets hold etymology and forms */
    const char *head_marks; /* the last pronunciation of the head */
    const char *field_end;  /* of the last (Zool.) in the head */
    bool in_braces;
} cleaner;

/* The partner of the bracket at at, of the same paragraph; NULL when there is none near. */
static const char *closing(const char *at, const char *end, char open, char close)
{
    int depth = 0;

    if (end - at > GROUP_BYTES_MAX)
        end = at + GROUP_BYTES_MAX;
    for (; at < end && *at != '\n'; at++) {
        depth += *at == open;
        depth -= *at == close;
        if (depth == 0)
            return at;
    }
    return NULL;
}

static bool has_any(const char *at, const char *end, const char *signs)
{
    while (at < end && !strchr(signs, *at))
        at++;
    return at < end;
}

/* (r[=a]`d[i^]*[-o]*gr[a^]f"[i^]k), (-l?), (#; 277), but not (Zo["o]l.), which begins with a
 * capital. */
static bool is_respelling(const char *open, const char *close)
{
    return !(open[1] >= 'A' && open[1] <= 'Z') && has_any(open, close, "[\"?`#*");
}

static bool contains(const char *at, const char *end, const char *word)
{
    const size_t length = strlen(word);

    for (; (size_t)(end - at) >= length; at++)
        if (memcmp(at, word, length) == 0)
            return true;
    return false;
}

/* Where the text of a paragraph comes from: "1913 Webster +PJC". */
static bool is_origin(const char *at, const char *end)
{
    static const char *const words[] = {"1913 Webster",  "Webster 1913", "WordNet 1",
                                        "WordNet sense", "PJC",          "Century Dict"};
    static const char *const initials[] = {"AS", "RDH", "GG", "RP", "RHUD", "MW10", "MI11", "wn1"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (end - at < 60 && contains(at, end, words[i]))
            return true;
    for (size_t i = 0; i < sizeof initials / sizeof *initials; i++)
        if ((size_t)(end - at) == strlen(initials[i]) &&
            memcmp(at, initials[i], (size_t)(end - at)) == 0)
            return true;
    return false;
}

/* Where a word comes from, said inside a definition: "[F., fr. L. stilus a style.]". */
static bool is_etymology(const char *at, const char *end)
{
    static const char *const begins[] = {"AS. ",   "Cf. ",  "D. ",  "F. ",  "F., ",     "From ",
                                         "G. ",    "Gr. ",  "It. ", "L. ",  "L., ",     "LL. ",
                                         "NL. ",   "NL., ", "OE. ", "OF. ", "Perhaps ", "Perh. ",
                                         "Prob. ", "Skr. ", "Sp. "};

    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if ((size_t)(end - at) > strlen(begins[i]) && memcmp(at, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

/* "[2]" behind a word says in which of its senses. */
static bool is_sense(const cleaner *it, const char *at, const char *end)
{
    const vsh_text *text = it->text;

    if (at == end || text->length == it->begin || !is_letter(text->data[text->length - 1]))
        return false;
    while (at < end && is_digit(*at))
        at++;
    return at == end && !(end + 1 < it->end && is_letter(end[1]));
}

/* Drops the blanks before where something ends. */
static void trim(cleaner *it)
{
    while (it->text->length > it->begin && it->text->data[it->text->length - 1] == ' ')
        it->text->length--;
}

static bool at_line_begin(const cleaner *it)
{
    return it->text->length == it->begin || it->text->data[it->text->length - 1] == '\n';
}

static void new_line(cleaner *it)
{
    trim(it);
    if (!at_line_begin(it))
        vsh_text_put(it->text, "\n", 1);
}

/* A blank that stands neither at the begin of a line nor behind another. */
static void put_blank(cleaner *it)
{
    if (!at_line_begin(it) && it->text->data[it->text->length - 1] != ' ')
        vsh_text_put(it->text, " ", 1);
}

/* Behind a link of a page, "[a href=...>", whose brackets do not pair; at where there is none. */
static const char *behind_link(const char *at, const char *end)
{
    const char *close =
        memchr(at, '>', end - at < LINK_BYTES_MAX ? (size_t)(end - at) : LINK_BYTES_MAX);

    return close && (contains(at, close, "href=") || contains(at, close, "HREF=")) ? close + 1 : at;
}

static bool behind(const cleaner *it, char c)
{
    return it->text->length > it->begin && it->text->data[it->text->length - 1] == c;
}

/* A character written in brackets, an origin, an etymology, or brackets that stay. */
static void take_bracket(cleaner *it)
{
    const char *close = closing(it->at, it->end, '[', ']'), *inside = it->at + 1;
    const char *meant = close ? character_of(inside, (size_t)(close - inside)) : NULL;

    if (meant) {
        vsh_text_put(it->text, meant, strlen(meant));
        it->at = close + 1;
    } else if (close && is_origin(inside, close)) {
        new_line(it);
        it->at = close + 1;
    } else if (close && (it->head || is_etymology(inside, close) || is_sense(it, inside, close))) {
        it->at = close + 1;
    } else if (it->end - inside > 2 && memcmp(inside, "a ", 2) == 0 &&
               behind_link(inside, it->end) > inside) {
        it->at = behind_link(inside, it->end);
    } else {
        vsh_text_put(it->text, it->at++, 1);
    }
}

/* \Zy`mo*lyt"ic\ and the respelling in parentheses that may follow; then a comma, where the part of
 * speech would follow without one. */
static void take_pronunciation(cleaner *it)
{
    const char *end = it->end - it->at > GROUP_BYTES_MAX ? it->at + GROUP_BYTES_MAX : it->end;
    const char *close = memchr(it->at + 1, '\\', (size_t)(end - it->at - 1)), *after;

    if (!close) {
        it->at++;
        return;
    }
    it->at = close + 1;
    for (after = it->at; after < it->end && *after == ' ';)
        after++;
    if (after < it->end && *after == '(') {
        close = closing(after, it->end, '(', ')');
        if (close && is_respelling(after, close))
            it->at = close + 1;
    }
    trim(it);
    for (after = it->at; after < it->end && *after == ' ';)
        after++;
    if (after < it->end && is_letter(*after) && !behind(it, ','))
        vsh_text_put(it->text, ",", 1);
    if (after < it->end && is_letter(*after))
        put_blank(it);
}

/* Abbreviations (v. t.), "or" and "and" belong to the head; any other word begins the definition.
 */
static void take_word(cleaner *it)
{
    const char *begin = it->at;

    while (it->at < it->end && is_letter(*it->at))
        it->at++;
    vsh_text_put(it->text, begin, (size_t)(it->at - begin));
    if (begin < it->head_marks || begin < it->field_end || it->in_braces ||
        (it->at < it->end && *it->at == '.'))
        return;
    if ((it->at - begin == 2 && memcmp(begin, "or", 2) == 0) ||
        (it->at - begin == 3 && memcmp(begin, "and", 3) == 0))
        return;
    it->head = false;
}

/* (Zool.) does not begin the definition; (r[i^]z) is the respelling of a form. */
static void take_field(cleaner *it)
{
    const char *close = closing(it->at, it->end, '(', ')');

    if (close && is_respelling(it->at, close) && has_any(it->at, close, "[")) {
        it->at = close + 1;
        return;
    }
    if (close)
        it->field_end = close;
    vsh_text_put(it->text, it->at++, 1);
}

/* The respelling of a word inside a definition goes. */
static bool skip_respelling(cleaner *it)
{
    const char *close = closing(it->at, it->end, '(', ')');

    if (!close || close - it->at > SPELLING_BYTES_MAX || !is_respelling(it->at, close) ||
        !has_any(it->at, close, "*\"`") || !has_any(it->at, close, "["))
        return false;
    it->at = close + 1;
    trim(it);
    return true;
}

/* Behind a rule of a table such as "======"; at where there is none. */
static const char *behind_rule(const char *at, const char *end)
{
    const char *next = at;

    while (next < end && *next == *at)
        next++;
    return strchr("=-*_", *at) && next - at >= RULE_SIGNS_MIN ? next : at;
}

/* What stood before the sign may be gone. */
static void put_stop(cleaner *it, char c)
{
    trim(it);
    if (it->text->length > it->begin && !(c == ',' && behind(it, ',')))
        vsh_text_put(it->text, &c, 1);
}

static void take_plain(cleaner *it)
{
    char c = *it->at;

    if (c == '{' || c == '}') {
        it->in_braces = c == '{';
    } else if (it->in_braces && (c == '*' || c == '`' || c == '"')) {
        ; /* marks of syllables and stress: {Zy`mo*lyt"ic} */
    } else if (c == ' ') {
        put_blank(it);
    } else if (c == ',' || c == '.' || c == ';') {
        put_stop(it, c);
    } else if (behind_rule(it->at, it->end) > it->at) {
        it->at = behind_rule(it->at, it->end);
        return;
    } else {
        vsh_text_put(it->text, &c, 1);
    }
    it->at++;
}

static void clean_flat(cleaner *it)
{
    while (it->at < it->end) {
        char c = *it->at;
        if (c == '\n') {
            new_line(it);
            it->head = it->in_braces = false;
            it->at++;
        } else if (c == '[') {
            take_bracket(it);
        } else if (c == '\\') {
            take_pronunciation(it);
        } else if (it->head && c == '(') {
            take_field(it);
        } else if (c == '(' && skip_respelling(it)) {
            continue;
        } else if (it->head && is_letter(c)) {
            take_word(it);
        } else if ((unsigned char)c >= 0x80) {
            it->at += put_high_byte(it->at, it->end, it->text);
        } else {
            take_plain(it);
        }
    }
}

/* ---- entries ------------------------------------------------------------------------------ */

/* The last backslash of the first paragraph: up to it there are headwords. */
static const char *last_mark(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at)), *mark = at;

    for (const char *c = at; c < (newline ? newline : end); c++)
        if (*c == '\\')
            mark = c;
    return mark;
}

/* dictfmt left the next headwords behind the last paragraph: "[1913 Webster] Muggar\n   Mugger".
 * They are what follows its origin, or the headword itself where there is none. */
static const char *without_stray(const char *at, const char *end, const char *next,
                                 const char *text_end)
{
    const char *last = end, *open, *close, *stray;
    size_t length;

    while (last > at && (unsigned char)last[-1] <= ' ')
        last--;
    for (close = last; close > at && close[-1] != ']' && close[-1] != '.' && last - close < 80;)
        close--;
    for (open = close; open > at && open[-1] != '[' && close - open < 80;)
        open--;
    if (close > at && close[-1] == ']' && is_origin(open, close - 1))
        return close;
    for (stray = close; stray < last && (unsigned char)*stray <= ' ';)
        stray++;
    length = (size_t)(last - stray);
    return length > 0 && length < (size_t)(text_end - next) && memcmp(stray, next, length) == 0
               ? stray
               : end;
}

/* The entry at at; next is the entry behind it or the end of the text. */
static void clean_entry(const char *at, const char *next, const char *text_end, vsh_text *flat,
                        vsh_documents *documents)
{
    const char *end = without_stray(at, next, next, text_end);
    cleaner it = {.text = &documents->text, .begin = documents->text.length, .head = true};

    if (end - at > ENTRY_BYTES_MAX)
        end = at + ENTRY_BYTES_MAX;
    flat->length = 0;
    unwrap(at, end, flat);
    if (flat->failed || flat->length == 0)
        return;
    it.at = flat->data;
    it.end = flat->data + flat->length;
    it.head_marks = last_mark(it.at, it.end);
    it.field_end = it.at;
    clean_flat(&it);
    vsh_documents_end(documents);
}

/* The next line from at on that has its first word in column 0 and a pronunciation, and stands
 * behind an empty line: a head may be longer than a line. NULL at the end. */
static const char *next_entry(const char *at, const char *end, bool empty_before)
{
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline ? newline : end;
        if (empty_before && (unsigned char)*at > ' ' && memchr(at, '\\', (size_t)(line_end - at)))
            return at;
        empty_before = at == line_end;
        at = newline ? newline + 1 : end;
    }
    return NULL;
}

void vsh_gcide_clean(const char *text, size_t length, vsh_documents *documents)
{
    const char *end = text + length, *at = next_entry(text, end, true);
    vsh_arena room = {0};
    vsh_text flat = {.arena = &room};

    while (at) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *next = newline ? next_entry(newline + 1, end, false) : NULL;
        clean_entry(at, next ? next : end, end, &flat, documents);
        at = next;
    }
    documents->text.failed |= flat.failed;
    vsh_arena_free(&room);
}

/* ---- the file ----------------------------------------------------------------------------- */

/* All of it, into room. */
static vsh_status inflate_all(gzFile file, const char *path, vsh_text *text, vsh_error *err)
{
    char bytes[65536];
    int got, code;

    while ((got = gzread(file, bytes, sizeof bytes)) > 0) {
        if (text->length > TEXT_BYTES_MAX)
            return vsh_fail(err, VSH_EINPUT, "%s: more than 512 MiB of text", path);
        vsh_text_put(text, bytes, (size_t)got);
        if (text->failed)
            return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    }
    if (got < 0 || !gzeof(file))
        return vsh_fail(err, VSH_EINPUT, "%s: damaged: %s", path, gzerror(file, &code));
    return VSH_OK;
}

vsh_status vsh_gcide_read(const char *path, vsh_documents *documents, vsh_error *err)
{
    vsh_arena room = {0};
    vsh_text text = {.arena = &room};
    gzFile file = gzopen(path, "rb");
    vsh_status status;

    if (!file)
        return vsh_fail(err, VSH_EINPUT, "%s: cannot be read", path);
    status = inflate_all(file, path, &text, err);
    if (gzclose_r(file) == Z_BUF_ERROR && status == VSH_OK)
        status = vsh_fail(err, VSH_EINPUT, "%s: damaged: ends too early", path);
    if (status == VSH_OK)
        vsh_gcide_clean(vsh_text_string(&text), text.length, documents);
    vsh_arena_free(&room);
    return status;
}
