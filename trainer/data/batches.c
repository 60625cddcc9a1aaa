#include "trainer/data/batches.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"

/* ---- one epoch ---------------------------------------------------------------------------- */

/* A document and where it was drawn to. */
typedef struct {
    uint64_t key;
    int64_t document;
} draw;

/* The documents of an epoch in their order, and where each begins in it. */
typedef struct {
    int64_t number; /* -1: none yet */
    int64_t *document;
    int64_t *begin; /* (documents + 1) */
} epoch;

/* A batch lies in one epoch or across the seam of two; longer ones make tables again. */
enum { EPOCHS_KEPT = 2 };

struct vsh_stream {
    const vsh_token_data *data;
    uint64_t seed;
    draw *draws;
    epoch kept[EPOCHS_KEPT]; /* epoch e in place e % EPOCHS_KEPT */
};

static int compare_draws(const void *a, const void *b)
{
    const draw *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->document > y->document) - (x->document < y->document);
}

/* A number that depends on (seed, epoch, document) alone; the last word of the key keeps it apart
 * from other uses of the seed. */
static uint64_t draw_key(uint64_t seed, int64_t number, int64_t document)
{
    const vsh_random_block counter = {{(uint32_t)document, (uint32_t)((uint64_t)document >> 32),
                                       (uint32_t)number, (uint32_t)((uint64_t)number >> 32)}};
    vsh_random_block block =
        vsh_philox(counter, (uint32_t)seed, (uint32_t)(seed >> 32) ^ 0x64617461u /* "data" */);

    return block.word[0] | (uint64_t)block.word[1] << 32;
}

static int64_t length_of(const vsh_token_data *data, int64_t document)
{
    return vsh_token_data_begin(data, document + 1) - vsh_token_data_begin(data, document);
}

static const epoch *epoch_at(vsh_stream *stream, int64_t number)
{
    const vsh_token_data *data = stream->data;
    epoch *table = &stream->kept[number % EPOCHS_KEPT];

    if (table->number == number)
        return table;
    for (int64_t i = 0; i < data->documents; i++)
        stream->draws[i] = (draw){draw_key(stream->seed, number, i), i};
    qsort(stream->draws, (size_t)data->documents, sizeof *stream->draws, compare_draws);
    table->number = number;
    for (int64_t i = 0; i < data->documents; i++) {
        int64_t document = stream->draws[i].document;
        table->document[i] = document;
        table->begin[i + 1] = table->begin[i] + length_of(data, document);
    }
    assert(table->begin[data->documents] == data->count);
    return table;
}

/* The last place whose document begins at or before a token of the epoch. */
static int64_t place_of(const epoch *table, int64_t documents, int64_t token)
{
    int64_t low = 0, high = documents;

    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (table->begin[middle] <= token)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* ---- the stream --------------------------------------------------------------------------- */

vsh_status vsh_stream_open(vsh_arena *arena, const vsh_token_data *data, uint64_t seed,
                           vsh_stream **stream, vsh_error *err)
{
    const size_t documents = (size_t)data->documents;
    vsh_stream *opened = vsh_alloc(arena, 1, sizeof *opened);

    assert(data->documents > 0 && data->count > 0);
    if (!opened || !(opened->draws = vsh_alloc(arena, documents, sizeof *opened->draws)))
        return vsh_fail(err, VSH_EMACHINE, "training data: out of memory");
    opened->data = data;
    opened->seed = seed;
    for (int i = 0; i < EPOCHS_KEPT; i++) {
        epoch *table = &opened->kept[i];
        table->number = -1;
        table->document = vsh_alloc(arena, documents, sizeof *table->document);
        table->begin = vsh_alloc(arena, documents + 1, sizeof *table->begin);
        if (!table->document || !table->begin)
            return vsh_fail(err, VSH_EMACHINE, "training data: out of memory");
    }
    *stream = opened;
    return VSH_OK;
}

/* Tokens [first, first + count) of the stream. */
static void read_tokens(vsh_stream *stream, int64_t first, int64_t count, int32_t *out)
{
    const vsh_token_data *data = stream->data;

    while (count > 0) {
        int64_t token = first % data->count;
        const epoch *table = epoch_at(stream, first / data->count);
        int64_t place = place_of(table, data->documents, token);
        while (count > 0 && place < data->documents) {
            int64_t inside = token - table->begin[place];
            int64_t left = table->begin[place + 1] - token, taken = left < count ? left : count;
            vsh_token_data_read(data, vsh_token_data_begin(data, table->document[place]) + inside,
                                taken, out);
            out += taken;
            first += taken;
            token += taken;
            count -= taken;
            place++;
        }
    }
}

void vsh_stream_batch(vsh_stream *stream, int64_t first, int64_t sequences, int64_t seq,
                      int32_t *inputs, int32_t *targets)
{
    const int64_t count = sequences * seq;

    assert(first >= 0 && sequences >= 0 && seq > 0);
    if (count == 0)
        return;
    read_tokens(stream, first, count, inputs);
    memcpy(targets, inputs + 1, (size_t)(count - 1) * sizeof *targets);
    read_tokens(stream, first + count, 1, targets + count - 1);
}

/* ---- evaluation --------------------------------------------------------------------------- */

bool vsh_evaluation_window(const vsh_token_data *data, int64_t window, int64_t seq, int32_t *inputs,
                           int32_t *targets)
{
    int64_t begin, left, taken;

    assert(window >= 0 && seq > 0);
    if (__builtin_mul_overflow(window, seq, &begin) || begin >= data->count - 1)
        return false;
    left = data->count - begin;
    taken = left < seq ? left : seq;
    vsh_token_data_read(data, begin, taken, inputs);
    memcpy(targets, inputs + 1, (size_t)(taken - 1) * sizeof *targets);
    if (left > seq)
        vsh_token_data_read(data, begin + seq, 1, targets + seq - 1);
    for (int64_t i = taken; i < seq; i++)
        inputs[i] = 0;
    for (int64_t i = left > seq ? seq : left - 1; i < seq; i++)
        targets[i] = -1;
    return true;
}
