/* Words in one pass: the ends of words from a mask of 64 bytes at a time, their hashes from eight
 * bytes at a time where they are ASCII letters and digits with at most punctuation around. */
#include "trainer/text/words.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "trainer/base/mix.h"
#include "trainer/text/characters.h"

/* One-letter words with a blank between. */
enum { WORDS_MAX = VSH_DOCUMENT_BYTES_MAX / 2 + 1, BLOCK = 64 };

vsh_status vsh_words_open(vsh_arena *arena, vsh_words *words, vsh_error *err)
{
    *words = (vsh_words){.word = vsh_alloc(arena, WORDS_MAX, sizeof *words->word),
                         .hash = vsh_alloc(arena, WORDS_MAX, sizeof *words->hash),
                         .place = vsh_alloc(arena, WORDS_MAX, sizeof *words->place)};
    if (!words->word || !words->hash || !words->place)
        return vsh_fail(err, VSH_EMACHINE, "no memory for the words of a document");
    return VSH_OK;
}

/* ---- eight bytes at a time: a flag is the high bit of its byte --------------------------- */

#define ONES UINT64_C(0x0101010101010101)
#define HIGH (ONES << 7)

/* Flags of the bytes from first to last, of bytes below 0x80. */
static inline uint64_t within(uint64_t low, unsigned first, unsigned last)
{
    return (low + ONES * (0x80 - first)) & ~(low + ONES * (0x7f - last)) & HIGH;
}

static inline uint64_t letters_of(uint64_t x)
{
    return within((x & ~HIGH) | ONES * 0x20, 'a', 'z') & ~x;
}

static inline uint64_t digits_of(uint64_t x) { return within(x & ~HIGH, '0', '9') & ~x; }

static inline uint64_t spaces_of(uint64_t x)
{
    uint64_t low = x & ~HIGH;

    return (within(low, '\t', '\r') | within(low, ' ', ' ')) & ~x;
}

/* Flags to eight bits, the first byte's lowest: bit 8 i + 56 - 7 i of the product. */
static inline uint64_t bits_of(uint64_t flags)
{
    return (flags >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

static inline uint64_t load(const char *at)
{
    uint64_t x;

    memcpy(&x, at, sizeof x);
    return x;
}

/* ---- the hash of a word ------------------------------------------------------------------ */

typedef struct {
    uint64_t state, block;
    unsigned shift; /* bits of the block that are filled */
    bool letter, digit;
} folding;

/* Kept bytes are never 0: blocks filled up with zeros are of one word only. */
static inline void keep(folding *f, unsigned char c)
{
    f->block |= (uint64_t)c << f->shift;
    f->shift += 8;
    if (f->shift == 64) {
        f->state = vsh_mix_take(f->state, f->block);
        f->block = 0;
        f->shift = 0;
    }
}

/* Letters and digits of any script and bytes that are not UTF-8 are kept. */
static int fold_character(folding *f, const char *text, int64_t bytes)
{
    int length;
    vsh_character_kind kind = vsh_character_at(text, bytes, &length);

    f->letter |= kind == VSH_LETTER;
    f->digit |= kind == VSH_DIGIT;
    if (kind == VSH_LETTER || kind == VSH_DIGIT || kind == VSH_MALFORMED)
        for (int i = 0; i < length; i++)
            keep(f, (unsigned char)(text[i] | (length == 1 && kind != VSH_MALFORMED) << 5));
    return length;
}

static folding fold_slowly(const char *text, int64_t length)
{
    folding f = {.state = VSH_MIX_START};

    for (int64_t i = 0; i < length;)
        i += fold_character(&f, text + i, length - i);
    if (f.shift > 0)
        f.state = vsh_mix_take(f.state, f.block);
    return f;
}

/* Eight bytes or fewer (the others 0) in lower case, without what stands before and behind their
 * letters and digits; false when something stands between them or is not ASCII. */
static inline bool fold_eight(uint64_t x, uint64_t *folded, uint64_t *letters)
{
    uint64_t kept, mask;

    *letters = letters_of(x);
    kept = *letters | digits_of(x);
    mask = (kept >> 7) * 0xff;
    if (x & HIGH)
        return false;
    if (mask == 0) {
        *folded = 0;
        return true;
    }
    x = (x | ONES * 0x20) & mask; /* digits have the bit */
    *folded = x >> __builtin_ctzll(mask);
    mask >>= __builtin_ctzll(mask);
    return (mask & (mask + 1)) == 0;
}

/* A word of up to 16 bytes; false: slowly. */
static inline bool fold_quickly(uint64_t first, uint64_t second, bool is_long, folding *f)
{
    uint64_t folded, letters, more = 0, more_letters = 0;

    if (!fold_eight(first, &folded, &letters))
        return false;
    if (is_long && ((folded >> 56) == 0 || !fold_eight(second, &more, &more_letters) ||
                    (more != 0 && (letters_of(second) | digits_of(second)) << 56 == 0)))
        return false;
    f->letter = (letters | more_letters) != 0;
    f->digit = folded != 0;
    f->state = vsh_mix_take(VSH_MIX_START, folded);
    if (more != 0)
        f->state = vsh_mix_take(f->state, more);
    return true;
}

static inline uint64_t low_bytes(uint64_t x, int64_t bytes)
{
    return bytes >= 8 ? x : x & ((UINT64_C(1) << 8 * bytes) - 1);
}

static inline folding fold(const char *text, int64_t length, int64_t readable)
{
    folding f = {0};
    uint64_t first, second = 0;

    if (length > 16)
        return fold_slowly(text, length);
    if (readable >= 16) {
        first = low_bytes(load(text), length);
        second = length > 8 ? low_bytes(load(text + 8), length - 8) : 0;
    } else {
        char copy[16] = {0};
        memcpy(copy, text, (size_t)length);
        first = load(copy);
        second = load(copy + 8);
    }
    return fold_quickly(first, second, length > 8, &f) ? f : fold_slowly(text, length);
}

/* ---- where words are --------------------------------------------------------------------- */

static inline void add_word(const vsh_document *document, int64_t begin, int64_t end,
                            vsh_words *words)
{
    folding f = fold(document->text + begin, end - begin, document->bytes - begin);

    words->word[words->words] = (vsh_word){(int32_t)begin, (int32_t)(end - begin)};
    words->hash[words->hashes] = vsh_mix_close(f.state);
    words->place[words->hashes] = (int32_t)words->words;
    words->words++;
    words->hashes += f.letter | f.digit;
    words->alphabetic += f.letter;
}

/* Bits of white space that is not ASCII among 64 bytes at, and of its bytes behind them. */
static uint64_t wide_spaces(const char *at, int64_t bytes, uint64_t high, uint64_t *spill)
{
    uint64_t found = 0;

    for (; high; high &= high - 1) {
        int i = __builtin_ctzll(high), length;
        if (at[i] != '\xc2' && at[i] != '\xe2' && at[i] != '\xe3')
            continue;
        if (vsh_character_at(at + i, bytes - i, &length) != VSH_SPACE)
            continue;
        for (int k = i; k < i + length; k++)
            if (k < BLOCK)
                found |= UINT64_C(1) << k;
            else
                *spill |= UINT64_C(1) << (k - BLOCK);
    }
    return found;
}

/* Behind the end everything is white space. */
static inline uint64_t spaces_at(const char *at, int64_t bytes, uint64_t *spill)
{
    uint64_t spaces = *spill, high = 0;
    char copy[BLOCK];
    const char *from = at;

    *spill = 0;
    if (bytes < BLOCK) {
        memset(copy, ' ', sizeof copy);
        memcpy(copy, at, (size_t)bytes);
        from = copy;
    }
    for (int i = 0; i < BLOCK; i += 8) {
        uint64_t x = load(from + i);
        spaces |= bits_of(spaces_of(x)) << i;
        high |= x & HIGH;
    }
    if (high) {
        high = 0;
        for (int i = 0; i < BLOCK; i += 8)
            high |= bits_of(load(from + i) & HIGH) << i;
        spaces |= wide_spaces(at, bytes, high, spill);
    }
    return spaces;
}

void vsh_words_find(const vsh_document *document, vsh_words *words)
{
    uint64_t spill = 0, before = 1;
    int64_t begin = -1;

    assert(document->bytes <= VSH_DOCUMENT_BYTES_MAX);
    words->words = words->hashes = words->alphabetic = 0;
    for (int64_t at = 0; at < document->bytes; at += BLOCK) {
        uint64_t spaces = spaces_at(document->text + at, document->bytes - at, &spill);
        uint64_t turns = spaces ^ (spaces << 1 | before);
        for (; turns; turns &= turns - 1) {
            int64_t i = at + __builtin_ctzll(turns);
            if (begin >= 0)
                add_word(document, begin, i, words);
            begin = begin >= 0 ? -1 : i;
        }
        before = spaces >> 63;
    }
    if (begin >= 0)
        add_word(document, begin, document->bytes, words);
}

/* ---- the hash of a document -------------------------------------------------------------- */

uint64_t vsh_words_hash(const vsh_words *words, const vsh_document *document)
{
    uint64_t state = VSH_MIX_START;

    if (words->hashes == 0)
        return vsh_mix_bytes(~VSH_MIX_START, document->text, document->bytes);
    for (int64_t i = 0; i < words->hashes; i++)
        state = vsh_mix_take(state, words->hash[i]);
    return vsh_mix_close(state);
}
