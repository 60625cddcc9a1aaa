#include "trainer/tasks/synsets.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/lines.h"
#include "core/text.h"
#include "trainer/base/whole_file.h"

enum { SYNSETS_MAX = 1 << 21, WORDS_MAX = 255, POINTERS_MAX = 4096 };

/* A word in lower case and one of its meanings. */
typedef struct vsh_synset_lemma {
    vsh_span_text word;
    int32_t synset;
} lemma_entry;

/* ---- a line ------------------------------------------------------------------------------- */

/* What is read, and where. */
typedef struct {
    vsh_arena *arena;
    const char *path;
    vsh_wordnet_lines lines;
} reader;

static vsh_status wrong(const reader *r, const char *expected, vsh_error *err)
{
    return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected %s", r->path, (long long)r->lines.line,
                    expected);
}

static vsh_status read_words(reader *r, vsh_synset *s, vsh_error *err)
{
    int64_t count = vsh_wordnet_number(vsh_wordnet_field(&r->lines), 16);
    vsh_span_text *word;

    if (count < 1 || count > WORDS_MAX)
        return wrong(r, "a number of words", err);
    if (!(word = vsh_alloc(r->arena, (size_t)count, sizeof *word)))
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    s->word = word;
    s->words = (int32_t)count;
    for (int64_t i = 0; i < count; i++) {
        word[i] = vsh_wordnet_field(&r->lines);
        if (word[i].length == 0 || vsh_wordnet_number(vsh_wordnet_field(&r->lines), 16) < 0)
            return wrong(r, "words, each with its number", err);
    }
    return VSH_OK;
}

/* Hypernyms as offsets, for now. */
static vsh_status read_pointers(reader *r, vsh_synset *s, vsh_error *err)
{
    int64_t count = vsh_wordnet_number(vsh_wordnet_field(&r->lines), 10);
    int32_t *parent;

    if (count < 0 || count > POINTERS_MAX)
        return wrong(r, "a number of pointers", err);
    if (!(parent = vsh_alloc(r->arena, (size_t)count + 1, sizeof *parent)))
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    s->parent = parent;
    for (int64_t i = 0; i < count; i++) {
        vsh_span_text symbol = vsh_wordnet_field(&r->lines), offset = vsh_wordnet_field(&r->lines);
        vsh_span_text part = vsh_wordnet_field(&r->lines), ends = vsh_wordnet_field(&r->lines);
        if (vsh_wordnet_number(offset, 10) < 0 || part.length != 1 || ends.length != 4)
            return wrong(r, "pointers of four fields", err);
        if (symbol.text[0] != '@')
            continue;
        s->instance = s->instance || symbol.length > 1;
        if (symbol.length == 1)
            parent[s->parents++] = (int32_t)vsh_wordnet_number(offset, 10);
    }
    return VSH_OK;
}

/* wndb(5WN): examples stand in quotation marks behind the definition, after a semicolon. */
static vsh_span_text definition_of(vsh_span_text gloss)
{
    const char *quote = memchr(gloss.text, '"', (size_t)gloss.length);
    const char *end = quote ? quote : gloss.text + gloss.length;

    while (end > gloss.text && (end[-1] == ' ' || end[-1] == ';' || end[-1] == '\r'))
        end--;
    return (vsh_span_text){gloss.text, (int32_t)(end - gloss.text)};
}

static vsh_status read_synset(reader *r, vsh_synset *s, vsh_error *err)
{
    int64_t lexfile;

    if (!r->lines.bar)
        return wrong(r, "a synset and its gloss behind a |", err);
    s->offset = vsh_wordnet_number(vsh_wordnet_field(&r->lines), 10);
    lexfile = vsh_wordnet_number(vsh_wordnet_field(&r->lines), 10);
    if (s->offset < 0 || lexfile < 0 || vsh_wordnet_field(&r->lines).length != 1)
        return wrong(r, "an offset, a file's number and a kind", err);
    s->lexfile = (int32_t)lexfile;
    VSH_TRY(read_words(r, s, err));
    VSH_TRY(read_pointers(r, s, err));
    s->definition = definition_of(vsh_wordnet_gloss(&r->lines));
    return VSH_OK;
}

/* ---- the network -------------------------------------------------------------------------- */

static int by_offset(const void *a, const void *b)
{
    const vsh_synset *x = a, *y = b;

    return (x->offset > y->offset) - (x->offset < y->offset);
}

static int64_t find_offset(const vsh_synset *synset, int64_t count, int64_t offset)
{
    const vsh_synset key = {.offset = offset};
    const vsh_synset *found = bsearch(&key, synset, (size_t)count, sizeof *synset, by_offset);

    return found ? found - synset : -1;
}

/* Offsets of parents become indices, and children are what has one as its parent. */
static vsh_status connect(vsh_arena *arena, const char *path, vsh_synset *synset, int64_t count,
                          vsh_error *err)
{
    for (int64_t i = 0; i < count; i++) {
        int32_t *parent = (int32_t *)synset[i].parent;
        for (int32_t p = 0; p < synset[i].parents; p++) {
            int64_t found = find_offset(synset, count, parent[p]);
            if (found < 0)
                return vsh_fail(err, VSH_EINPUT, "%s: %08lld: no synset has the offset %08lld",
                                path, (long long)synset[i].offset, (long long)parent[p]);
            parent[p] = (int32_t)found;
            synset[found].children++;
        }
    }
    for (int64_t i = 0; i < count; i++) {
        synset[i].child = vsh_alloc(arena, (size_t)synset[i].children + 1, sizeof(int32_t));
        if (!synset[i].child)
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
        synset[i].children = 0;
    }
    for (int64_t i = 0; i < count; i++)
        for (int32_t p = 0; p < synset[i].parents; p++) {
            vsh_synset *up = &synset[synset[i].parent[p]];
            ((int32_t *)up->child)[up->children++] = (int32_t)i;
        }
    return VSH_OK;
}

static int compare_words(vsh_span_text a, vsh_span_text b)
{
    int32_t shorter = a.length < b.length ? a.length : b.length;

    for (int32_t i = 0; i < shorter; i++) {
        int x = tolower((unsigned char)a.text[i]), y = tolower((unsigned char)b.text[i]);
        if (x != y)
            return x - y;
    }
    return a.length - b.length;
}

static int by_lemma(const void *a, const void *b)
{
    const lemma_entry *x = a, *y = b;
    int order = compare_words(x->word, y->word);

    return order ? order : (x->synset > y->synset) - (x->synset < y->synset);
}

static vsh_status sort_lemmas(vsh_arena *arena, vsh_synsets *n, vsh_error *err)
{
    int64_t at = 0;

    for (int64_t i = 0; i < n->count; i++)
        n->lemmas += n->synset[i].words;
    n->lemma = vsh_alloc(arena, (size_t)n->lemmas + 1, sizeof *n->lemma);
    n->mark = vsh_alloc(arena, (size_t)n->count + 1, sizeof *n->mark);
    n->stack = vsh_alloc(arena, (size_t)n->count + 1, sizeof *n->stack);
    if (!n->lemma || !n->mark || !n->stack)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int64_t i = 0; i < n->count; i++)
        for (int32_t w = 0; w < n->synset[i].words; w++)
            n->lemma[at++] = (lemma_entry){n->synset[i].word[w], (int32_t)i};
    qsort(n->lemma, (size_t)n->lemmas, sizeof *n->lemma, by_lemma);
    return VSH_OK;
}

static vsh_status read_all(reader *r, int64_t room, vsh_synsets *n, vsh_error *err)
{
    vsh_synset *synset;

    if (room > SYNSETS_MAX)
        return vsh_fail(err, VSH_EINPUT, "%s: expected at most %d lines", r->path, SYNSETS_MAX);
    if (!(synset = vsh_alloc(r->arena, (size_t)room, sizeof *synset)))
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    while (vsh_wordnet_next(&r->lines))
        VSH_TRY(read_synset(r, &synset[n->count++], err));
    qsort(synset, (size_t)n->count, sizeof *synset, by_offset);
    for (int64_t i = 1; i < n->count; i++)
        if (synset[i].offset == synset[i - 1].offset)
            return vsh_fail(err, VSH_EINPUT, "%s: two synsets have the offset %08lld", r->path,
                            (long long)synset[i].offset);
    n->synset = synset;
    VSH_TRY(connect(r->arena, r->path, synset, n->count, err));
    return sort_lemmas(r->arena, n, err);
}

vsh_status vsh_synsets_read(vsh_arena *arena, const char *folder, vsh_synsets *synsets, bool *there,
                            vsh_error *err)
{
    vsh_text path = {.arena = arena};
    reader r = {.arena = arena};
    char *text;
    int64_t length;

    *synsets = (vsh_synsets){0};
    vsh_text_add(&path, "%s/data.noun", folder);
    r.path = vsh_text_string(&path);
    *there = access(r.path, F_OK) == 0;
    if (!*there)
        return VSH_OK;
    VSH_TRY(vsh_whole_file_read(arena, r.path, VSH_WORDNET_BYTES_MAX, &text, &length, err));
    r.lines = vsh_wordnet_lines_of(text, length);
    return read_all(&r, vsh_count_lines(text, (size_t)length), synsets, err);
}

/* ---- questions ---------------------------------------------------------------------------- */

/* Marks what is above a, or below it, a itself not; whether target is among it (-1: none), or, with
 * seen, whether something marked by that round is. */
static bool walk(vsh_synsets *n, int64_t a, bool up, int64_t target, int32_t seen)
{
    int64_t depth = 0;

    n->round++;
    n->stack[depth++] = (int32_t)a;
    while (depth > 0) {
        const vsh_synset *s = &n->synset[n->stack[--depth]];
        int32_t count = up ? s->parents : s->children;
        const int32_t *next = up ? s->parent : s->child;
        for (int32_t i = 0; i < count; i++) {
            int32_t at = next[i];
            if (at == target || (seen && n->mark[at] == seen))
                return true;
            if (n->mark[at] == n->round)
                continue;
            n->mark[at] = n->round;
            n->stack[depth++] = at;
        }
    }
    return false;
}

bool vsh_synset_below(vsh_synsets *n, int64_t a, int64_t b)
{
    return a != b && walk(n, a, true, b, 0);
}

bool vsh_synsets_meet_below(vsh_synsets *n, int64_t a, int64_t b)
{
    walk(n, a, false, -1, 0);
    return walk(n, b, false, -1, n->round);
}

/* The first of a word's meanings in the sorted table. */
static int64_t first_meaning(const vsh_synsets *n, vsh_span_text word)
{
    int64_t low = 0, high = n->lemmas;

    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (compare_words(n->lemma[middle].word, word) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool means(const vsh_synsets *n, int64_t at, vsh_span_text word)
{
    return at < n->lemmas && compare_words(n->lemma[at].word, word) == 0;
}

int64_t vsh_synset_meanings(const vsh_synsets *n, vsh_span_text word)
{
    int64_t first = first_meaning(n, word), count = 0;

    while (means(n, first + count, word))
        count++;
    return count;
}

bool vsh_word_below(vsh_synsets *n, vsh_span_text a, vsh_span_text b)
{
    int64_t a_first = first_meaning(n, a), b_first = first_meaning(n, b);

    for (int64_t i = a_first; means(n, i, a); i++)
        for (int64_t j = b_first; means(n, j, b); j++)
            if (n->lemma[i].synset == n->lemma[j].synset ||
                vsh_synset_below(n, n->lemma[i].synset, n->lemma[j].synset))
                return true;
    return false;
}
