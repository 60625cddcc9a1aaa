/* Fill in the middle (Bavarian et al. 2022, arXiv:2207.14255): a document is cut into prefix,
 * middle and suffix, and the middle moves to the end.
 *
 *   in order     PREFIX prefix SUFFIX suffix MIDDLE middle
 *   suffix first PREFIX SUFFIX suffix MIDDLE prefix middle
 *
 * Half of the documents each (section 3, PSM and the second variant of SPM: joint training is what
 * they recommend). Not the masks of Donahue et al. 2020: those leave most of a document as it was,
 * and a second look at the same tokens in the same order is what the run can have by another epoch;
 * here each token but the prefix's is read with other tokens before it. One span also needs the
 * fewest pieces, and short documents have room for it. Cuts lie between tokens, which the paper
 * (section 4.3) finds a little worse than between characters for completing code in the middle of a
 * word, and which lets every token stay what it was. */
#include <assert.h>

#include "core/rng.h"
#include "trainer/data/infill.h"

/* The names that StarCoder's tokenizer gave them (Li et al. 2023, arXiv:2305.06161). */
const char *const vsh_infill_pieces[] = {"<fim_prefix>", "<fim_suffix>", "<fim_middle>", NULL};

enum { PREFIX, SUFFIX, MIDDLE, PIECES };
/* Fewer tokens teach nothing about a middle; assumed. */
enum { TOKENS_MIN = 8 };

static vsh_status find_pieces(const vsh_tokenizer *tokenizer, int32_t *piece, vsh_error *err)
{
    for (int i = 0; i < PIECES; i++) {
        piece[i] = vsh_tokenizer_piece(tokenizer, vsh_infill_pieces[i]);
        if (piece[i] < 0)
            return vsh_fail(err, VSH_EINPUT,
                            "%s: expected a tokenizer with the control piece %s, which infilling "
                            "needs; one that is trained for it has it",
                            vsh_tokenizer_path(tokenizer) ? vsh_tokenizer_path(tokenizer) : "bytes",
                            vsh_infill_pieces[i]);
    }
    return VSH_OK;
}

/* A whole number in [0, below). */
static int64_t draw(uint64_t seed, uint64_t stream, uint64_t counter, int64_t below)
{
    return (int64_t)(vsh_random_uniform(seed, stream, counter) * (double)below);
}

/* Where the middle begins and ends: any two different places inside, equally likely, so that no
 * part is empty. */
static void draw_cuts(uint64_t seed, uint64_t stream, int64_t count, int64_t *begin, int64_t *end)
{
    const int64_t one = 1 + draw(seed, stream, 0, count - 1);
    int64_t other = 1 + draw(seed, stream, 1, count - 2);

    other += other >= one;
    *begin = one < other ? one : other;
    *end = one < other ? other : one;
}

vsh_status vsh_infill(const vsh_tokenizer *tokenizer, const int32_t *id, int64_t count,
                      uint64_t seed, uint64_t document_hash, vsh_ids *out, vsh_error *err)
{
    int32_t piece[PIECES];
    int64_t begin, end;
    bool suffix_first;

    assert(tokenizer && out && count >= 0);
    VSH_TRY(find_pieces(tokenizer, piece, err));
    if (count < TOKENS_MIN)
        return VSH_OK;
    draw_cuts(seed, document_hash, count, &begin, &end);
    suffix_first = draw(seed, document_hash, 2, 2) == 1;
    VSH_TRY(vsh_ids_add(out, &piece[PREFIX], 1, err));
    if (!suffix_first)
        VSH_TRY(vsh_ids_add(out, id, begin, err));
    VSH_TRY(vsh_ids_add(out, &piece[SUFFIX], 1, err));
    VSH_TRY(vsh_ids_add(out, id + end, count - end, err));
    VSH_TRY(vsh_ids_add(out, &piece[MIDDLE], 1, err));
    if (suffix_first)
        begin = 0; /* the prefix goes with the middle */
    return vsh_ids_add(out, id + begin, end - begin, err);
}
