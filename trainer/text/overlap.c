/* An open-addressed set of the n-grams' hashes behind a bitmap that most questions do not pass.
 *
 * A text shorter than n words is found by its first VSH_OVERLAP_WORDS words: their gram stands in a
 * second set with the lengths of the texts that begin so, and for each length the whole text's gram
 * is looked up. One more gram a word answers for all lengths below n. */
#include "trainer/text/overlap.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "trainer/base/mix.h"

enum { FIRST_CAPACITY = 1 << 10, BITS_A_SLOT = 8 };

/* slots is a power of two; at most half are in use. */
typedef struct {
    uint64_t *key;     /* 0: empty */
    uint64_t *lengths; /* bit L: a text of L words begins with the gram; NULL where not asked */
    uint64_t *bits;    /* BITS_A_SLOT a slot */
    uint64_t slots;
    int64_t count;
} gram_set;

struct vsh_overlap {
    vsh_arena *arena;
    int n;
    uint64_t drop;       /* VSH_MIX_GRAM^n: what a word that leaves a gram of n weighs */
    uint64_t drop_short; /* the same for VSH_OVERLAP_WORDS */
    gram_set grams, beginnings;
    vsh_words words; /* of the text that is added */
};

static uint64_t power(uint64_t base, int exponent)
{
    uint64_t product = 1;

    for (int i = 0; i < exponent; i++)
        product *= base;
    return product;
}

/* ---- the set ----------------------------------------------------------------------------- */

/* Grams of different lengths must not meet. */
static inline uint64_t key_of(uint64_t gram, int words)
{
    uint64_t key = vsh_mix_close(gram ^ (uint64_t)words);

    return key ? key : 1;
}

static inline uint64_t bit_of(const gram_set *set, uint64_t key)
{
    return key >> 20 & (set->slots * BITS_A_SLOT - 1);
}

static inline bool may_have(const gram_set *set, uint64_t key)
{
    uint64_t bit = bit_of(set, key);

    return set->bits[bit / 64] >> (bit % 64) & 1;
}

static uint64_t slot_of(const gram_set *set, uint64_t key)
{
    uint64_t slot = key & (set->slots - 1);

    while (set->key[slot] != 0 && set->key[slot] != key)
        slot = (slot + 1) & (set->slots - 1);
    return slot;
}

static void put(gram_set *set, uint64_t key, uint64_t lengths)
{
    uint64_t slot = slot_of(set, key), bit = bit_of(set, key);

    set->count += set->key[slot] == 0;
    set->key[slot] = key;
    set->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
    if (set->lengths)
        set->lengths[slot] |= lengths;
}

static bool make_room(vsh_arena *arena, gram_set *set, bool with_lengths)
{
    gram_set larger = {.slots = set->slots ? 2 * set->slots : FIRST_CAPACITY};

    if ((uint64_t)set->count * 2 < set->slots)
        return true;
    larger.key = vsh_alloc(arena, larger.slots, sizeof *larger.key);
    larger.bits = vsh_alloc(arena, larger.slots / 64 * BITS_A_SLOT, sizeof *larger.bits);
    larger.lengths = with_lengths ? vsh_alloc(arena, larger.slots, sizeof *larger.lengths) : NULL;
    if (!larger.key || !larger.bits || (with_lengths && !larger.lengths))
        return false;
    for (uint64_t i = 0; i < set->slots; i++)
        if (set->key[i] != 0)
            put(&larger, set->key[i], with_lengths ? set->lengths[i] : 0);
    *set = larger;
    return true;
}

vsh_status vsh_overlap_open(vsh_arena *arena, int n, vsh_overlap **overlap, vsh_error *err)
{
    vsh_overlap *o;

    assert(n >= 1 && n <= VSH_OVERLAP_WORDS_MAX);
    o = vsh_alloc(arena, 1, sizeof *o);
    if (!o || !make_room(arena, &o->grams, false) || !make_room(arena, &o->beginnings, true))
        return vsh_fail(err, VSH_EMACHINE, "no memory for the texts that must not be trained on");
    o->arena = arena;
    o->n = n;
    o->drop = power(VSH_MIX_GRAM, n);
    o->drop_short = power(VSH_MIX_GRAM, VSH_OVERLAP_WORDS);
    *overlap = o;
    return vsh_words_open(arena, &o->words, err);
}

/* ---- adding texts ------------------------------------------------------------------------ */

static uint64_t gram_of(const uint64_t *hash, int words)
{
    uint64_t gram = 0;

    for (int i = 0; i < words; i++)
        gram = vsh_mix_gram(gram, hash[i]);
    return gram;
}

static bool add_whole(vsh_overlap *o, int words)
{
    if (!make_room(o->arena, &o->grams, false) || !make_room(o->arena, &o->beginnings, true))
        return false;
    put(&o->grams, key_of(gram_of(o->words.hash, words), words), 0);
    put(&o->beginnings, key_of(gram_of(o->words.hash, VSH_OVERLAP_WORDS), VSH_OVERLAP_WORDS),
        UINT64_C(1) << words);
    return true;
}

static bool add_grams(vsh_overlap *o)
{
    for (int64_t i = 0; i + o->n <= o->words.hashes; i++) {
        if (!make_room(o->arena, &o->grams, false))
            return false;
        put(&o->grams, key_of(gram_of(o->words.hash + i, o->n), o->n), 0);
    }
    return true;
}

/* Where the next piece of a text longer than a document begins: with the last n - 1 words of this
 * one, so that no gram is lost, but for the last, which may be cut. */
static int64_t next_piece(const vsh_overlap *o, int64_t bytes)
{
    int64_t back = o->n < o->words.hashes ? o->words.hashes - o->n : 0;
    int64_t begin = o->words.hashes > 0 ? o->words.word[o->words.place[back]].begin : 0;

    return begin > 0 ? begin : bytes;
}

vsh_status vsh_overlap_add(vsh_overlap *overlap, const char *text, int64_t bytes, vsh_error *err)
{
    bool whole = bytes <= VSH_DOCUMENT_BYTES_MAX, room = true;

    while (bytes > 0 && room) {
        vsh_document piece = {.text = text, .bytes = bytes};
        int64_t step = bytes;
        if (bytes > VSH_DOCUMENT_BYTES_MAX)
            piece.bytes = VSH_DOCUMENT_BYTES_MAX;
        vsh_words_find(&piece, &overlap->words);
        if (piece.bytes < bytes)
            step = next_piece(overlap, piece.bytes);
        if (overlap->words.hashes >= overlap->n)
            room = add_grams(overlap);
        else if (whole && overlap->words.hashes >= VSH_OVERLAP_WORDS)
            room = add_whole(overlap, (int)overlap->words.hashes);
        text += step;
        bytes -= step;
    }
    if (!room)
        return vsh_fail(err, VSH_EMACHINE, "no memory for the texts that must not be trained on");
    return VSH_OK;
}

int64_t vsh_overlap_grams(const vsh_overlap *overlap) { return overlap->grams.count; }

/* ---- asking ------------------------------------------------------------------------------ */

static bool has(const gram_set *set, uint64_t key)
{
    return may_have(set, key) && set->key[slot_of(set, key)] == key;
}

/* One of the short texts that begin as key says stands at word i. */
static bool short_text_at(const vsh_overlap *o, const vsh_words *words, int64_t i, uint64_t key)
{
    uint64_t lengths = o->beginnings.lengths[slot_of(&o->beginnings, key)];

    for (; lengths; lengths &= lengths - 1) {
        int length = __builtin_ctzll(lengths);
        if (i + length <= words->hashes &&
            has(&o->grams, key_of(gram_of(words->hash + i, length), length)))
            return true;
    }
    return false;
}

/* The first gram of so many words that is in the set, or -1; short texts are looked at whole. */
static int64_t first_met(const vsh_overlap *o, const gram_set *set, const vsh_words *words, int n,
                         uint64_t drop)
{
    const uint64_t *hash = words->hash;
    uint64_t gram = 0;

    if (set->count == 0 || words->hashes < n)
        return -1;
    gram = gram_of(hash, n - 1);
    for (int64_t i = 0; i + n <= words->hashes; i++) {
        uint64_t key;
        gram = vsh_mix_gram(gram, hash[i + n - 1]);
        if (i > 0)
            gram -= hash[i - 1] * drop;
        key = key_of(gram, n);
        if (has(set, key) && (!set->lengths || short_text_at(o, words, i, key)))
            return i;
    }
    return -1;
}

int64_t vsh_overlap_meets(const vsh_overlap *overlap, const vsh_words *words)
{
    int64_t whole = first_met(overlap, &overlap->grams, words, overlap->n, overlap->drop);
    int64_t brief =
        first_met(overlap, &overlap->beginnings, words, VSH_OVERLAP_WORDS, overlap->drop_short);
    int64_t first = whole < 0 || (brief >= 0 && brief < whole) ? brief : whole;

    return first < 0 ? -1 : words->place[first];
}
