/* Lines and n-grams that stand in a document more than once.
 *
 * Most documents repeat little: bounds that cost an addition a word show that no n-gram reaches its
 * limit, and only where they do not the exact figures are made. What is kept by key is kept by a
 * hash of 64 bits: a chance collision among 131,072 of them is one in 2 billion. */
#include "trainer/text/repeats.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "trainer/base/mix.h"

enum { GRAM_WORDS_MAX = 1 << 17, LINES_MAX = GRAM_WORDS_MAX / 2, DUPLICATE_FROM = 5 };

/* A set of keys; 0: empty. As many slots are cleared as a document needs. */
typedef struct {
    uint64_t *key;
    uint64_t mask;
} gram_slots;

/* A slot of the most frequent n-gram's table. */
typedef struct {
    uint64_t key; /* 0: empty */
    int32_t count, bytes, end;
} tally;

struct vsh_repetition {
    int64_t words;        /* that n-grams are made of */
    int64_t bytes;        /* of the text that they stand in */
    uint64_t *gram;       /* by the word that it begins with */
    int32_t *begin, *end; /* of words */
    gram_slots seen;      /* a set */
    uint32_t *weight;     /* bytes of the n-grams that share a place */
    tally *tallies;
};

vsh_status vsh_repetition_open(vsh_arena *arena, vsh_repetition **repetition, vsh_error *err)
{
    vsh_repetition *r = vsh_alloc(arena, 1, sizeof *r);

    if (r) {
        r->gram = vsh_alloc(arena, GRAM_WORDS_MAX, sizeof *r->gram);
        r->begin = vsh_alloc(arena, GRAM_WORDS_MAX, sizeof *r->begin);
        r->end = vsh_alloc(arena, GRAM_WORDS_MAX, sizeof *r->end);
        r->seen.key = vsh_alloc(arena, 2 * GRAM_WORDS_MAX, sizeof *r->seen.key);
        r->weight = vsh_alloc(arena, 4 * GRAM_WORDS_MAX, sizeof *r->weight);
        r->tallies = vsh_alloc(arena, 2 * GRAM_WORDS_MAX, sizeof *r->tallies);
    }
    if (!r || !r->gram || !r->begin || !r->end || !r->seen.key || !r->weight || !r->tallies)
        return vsh_fail(err, VSH_EMACHINE, "no memory for the lines and n-grams of a document");
    *repetition = r;
    return VSH_OK;
}

/* ---- lines ------------------------------------------------------------------------------- */

/* Slots for so many keys, at most half of them used. */
static uint64_t slots_for(int64_t keys)
{
    uint64_t slots = 64;

    while (slots < 2 * (uint64_t)keys)
        slots *= 2;
    return slots;
}

static void clear_seen(gram_slots *seen, int64_t keys)
{
    uint64_t slots = slots_for(keys);

    assert(slots <= 2 * GRAM_WORDS_MAX);
    memset(seen->key, 0, slots * sizeof *seen->key);
    seen->mask = slots - 1;
}

/* Whether it stood before. */
static inline bool see(gram_slots *seen, uint64_t key)
{
    uint64_t slot;

    key += key == 0;
    for (slot = key & seen->mask; seen->key[slot] != 0; slot = (slot + 1) & seen->mask)
        if (seen->key[slot] == key)
            return true;
    seen->key[slot] = key;
    return false;
}

/* The paragraph that is open. */
typedef struct {
    uint64_t hash; /* of its lines */
    int64_t bytes;
} paragraph;

/* The signs that lists are made with, a blank behind those that are also punctuation. */
static bool begins_with_bullet(const char *line, int64_t bytes)
{
    static const char *const bullets[] = {"\u2022", "\u2023", "\u2043", "\u25aa", "\u25ab",
                                          "\u25a0", "\u25a1", "\u25b6", "\u25c0", "\u25cb",
                                          "\u25cf", "\u25e6", "- ",     "* ",     "\u2013 "};

    for (size_t b = 0; b < sizeof bullets / sizeof bullets[0]; b++) {
        int64_t length = (int64_t)strlen(bullets[b]);
        if (bytes >= length && memcmp(line, bullets[b], (size_t)length) == 0)
            return true;
    }
    return false;
}

static bool ends_with_ellipsis(const char *line, int64_t bytes)
{
    return bytes >= 3 &&
           (memcmp(line + bytes - 3, "...", 3) == 0 || memcmp(line + bytes - 3, "\u2026", 3) == 0);
}

static void end_paragraph(gram_slots *seen, paragraph *open, vsh_line_counts *counts)
{
    if (open->bytes == 0)
        return;
    counts->paragraphs++;
    if (see(seen, vsh_mix_close(open->hash))) {
        counts->paragraphs_again++;
        counts->paragraphs_again_bytes += open->bytes;
    }
    *open = (paragraph){0};
}

static void count_line(gram_slots *seen, const char *line, int64_t bytes, paragraph *open,
                       vsh_line_counts *counts)
{
    uint64_t hash = vsh_mix_bytes(VSH_MIX_START, line, bytes);

    counts->lines++;
    counts->bullets += begins_with_bullet(line, bytes);
    counts->ellipses += ends_with_ellipsis(line, bytes);
    if (see(seen, hash)) {
        counts->lines_again++;
        counts->lines_again_bytes += bytes;
    }
    open->hash = vsh_mix_take(open->hash, hash);
    open->bytes += bytes;
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void vsh_repetition_lines(vsh_repetition *repetition, const vsh_document *document, int64_t lines,
                          vsh_line_counts *counts)
{
    const char *at = document->text, *end = at + document->bytes;
    gram_slots *seen = &repetition->seen;
    paragraph open = {0};

    *counts = (vsh_line_counts){0};
    lines = lines < LINES_MAX ? lines : LINES_MAX;
    clear_seen(seen, 2 * lines);
    for (int64_t i = 0; i < lines && at < end; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        const char *next = stop + (newline != NULL);
        while (at < stop && is_blank(*at))
            at++;
        while (stop > at && is_blank(stop[-1]))
            stop--;
        if (at < stop)
            count_line(seen, at, stop - at, &open, counts);
        else
            end_paragraph(seen, &open, counts);
        at = next;
    }
    end_paragraph(seen, &open, counts);
    counts->bytes = at - document->text;
}

/* ---- n-grams ----------------------------------------------------------------------------- */

static void begin_grams(vsh_repetition *r, const vsh_document *document, const vsh_words *words)
{
    r->words = words->hashes < GRAM_WORDS_MAX ? words->hashes : GRAM_WORDS_MAX;
    for (int64_t i = 0; i < r->words; i++) {
        const vsh_word *word = &words->word[words->place[i]];
        r->begin[i] = word->begin;
        r->end[i] = word->begin + word->length;
    }
    memcpy(r->gram, words->hash, (size_t)r->words * sizeof *r->gram);
    r->bytes = r->words < words->hashes ? r->end[r->words - 1] : document->bytes;
}

/* Grams of n - 1 words become those of n; how many. */
static int64_t lengthen(vsh_repetition *r, const vsh_words *words, int n)
{
    int64_t count = r->words - (n - 1);

    for (int64_t i = 0; i < count; i++)
        r->gram[i] = vsh_mix_gram(r->gram[i], words->hash[i + n - 1]);
    return count;
}

/* An upper bound of the bytes in any one n-gram: those that share a place are added together. */
static int64_t top_bound(vsh_repetition *r, int n, int64_t count)
{
    uint64_t slots = 2 * slots_for(count);
    int shift = __builtin_clzll(slots) + 1;
    uint32_t most = 0;

    memset(r->weight, 0, slots * sizeof *r->weight);
    for (int64_t i = 0; i < count; i++) {
        uint32_t *weight = &r->weight[r->gram[i] * VSH_MIX_CLOSE >> shift];
        *weight += (uint32_t)(r->end[i + n - 1] - r->begin[i]);
        most = *weight > most ? *weight : most;
    }
    return most;
}

/* Bytes in the n-gram that stands most often, of those that stand equally often in the one with the
 * most bytes; 0 when none stands twice. Occurrences that overlap share their bytes. */
static int64_t top_bytes(vsh_repetition *r, int n, int64_t count)
{
    uint64_t slots = slots_for(count), mask = slots - 1;
    tally top = {.count = 1};

    memset(r->tallies, 0, slots * sizeof *r->tallies);
    for (int64_t i = 0; i < count; i++) {
        uint64_t key = vsh_mix_close(r->gram[i]) | 1, slot = key >> 8 & mask;
        int32_t end = r->end[i + n - 1];
        tally *t;
        while (r->tallies[slot].key != 0 && r->tallies[slot].key != key)
            slot = (slot + 1) & mask;
        t = &r->tallies[slot];
        t->key = key;
        t->bytes += end - (t->end > r->begin[i] ? t->end : r->begin[i]);
        t->end = end;
        t->count++;
        if (t->count > top.count || (t->count == top.count && t->count > 1 && t->bytes > top.bytes))
            top = *t;
    }
    return top.bytes;
}

/* Bytes in n-grams that stood before: of each repetition, not of what is repeated first; each byte
 * once. */
static int64_t duplicate_bytes(vsh_repetition *r, int n, int64_t count)
{
    int64_t bytes = 0;
    int32_t covered = 0;

    clear_seen(&r->seen, count);
    for (int64_t i = 0; i < count; i++) {
        if (!see(&r->seen, vsh_mix_close(r->gram[i])))
            continue;
        bytes += r->end[i + n - 1] - (covered > r->begin[i] ? covered : r->begin[i]);
        covered = r->end[i + n - 1];
    }
    return bytes;
}

/* The least of the limits from n words on. */
static double least_limit(const double *limit, int n)
{
    double least = INFINITY;

    for (; n < VSH_GRAMS + 2; n++)
        least = fmin(least, limit[n - 2]);
    return least;
}

void vsh_repetition_grams(vsh_repetition *repetition, const vsh_document *document,
                          const vsh_words *words, const double limit[VSH_GRAMS],
                          double share[VSH_GRAMS])
{
    begin_grams(repetition, document, words);
    memset(share, 0, VSH_GRAMS * sizeof *share);
    for (int n = 2; n < VSH_GRAMS + 2 && repetition->words > n; n++) {
        int64_t count = lengthen(repetition, words, n);
        double bytes = (double)repetition->bytes;
        if (n < DUPLICATE_FROM) {
            if ((double)top_bound(repetition, n, count) / bytes > limit[n - 2])
                share[n - 2] = (double)top_bytes(repetition, n, count) / bytes;
            continue;
        }
        share[n - 2] = (double)duplicate_bytes(repetition, n, count) / bytes;
        if (!(share[n - 2] > least_limit(limit, n)))
            break; /* what n + 1 words cover that stood before, n words cover too */
    }
}
