#include "trainer/data/batches.h"

#include <assert.h>
#include <string.h>

#include "trainer/data/shuffle.h"

/* ---- one epoch ---------------------------------------------------------------------------- */

/* Places of an epoch between those whose begin is kept: what lies between is walked. */
enum { STRIDE = 64 };

typedef struct {
    int64_t number; /* -1: none yet */
    vsh_shuffle order;
    int64_t *begin; /* tokens before place i STRIDE */
} epoch;

/* A batch lies in one epoch or across the seam of two; longer ones make tables again. */
enum { EPOCHS_KEPT = 2 };

struct vsh_stream {
    const vsh_token_data *data;
    int64_t documents, count; /* of an epoch */
    bool some;                /* not all of the data: */
    vsh_shuffle drawn;        /* the documents at its first places */
    uint64_t seed;
    epoch kept[EPOCHS_KEPT]; /* epoch e in place e % EPOCHS_KEPT */
};

/* The document at a place of an epoch: where its tokens are among all, and how many. */
typedef struct {
    int64_t begin, count;
} document;

static document document_of(const vsh_token_data *data, int64_t d)
{
    int64_t begin = vsh_token_data_begin(data, d);

    return (document){begin, vsh_token_data_begin(data, d + 1) - begin};
}

static document document_at(const vsh_stream *stream, const epoch *table, int64_t place)
{
    int64_t d = vsh_shuffle_at(&table->order, place);

    return document_of(stream->data, stream->some ? vsh_shuffle_at(&stream->drawn, d) : d);
}

static const epoch *epoch_at(vsh_stream *stream, int64_t number)
{
    epoch *table = &stream->kept[number % EPOCHS_KEPT];
    int64_t begin = 0;

    if (table->number == number)
        return table;
    table->number = number;
    table->order = vsh_shuffle_of(stream->seed, number, stream->documents);
    for (int64_t i = 0; i < stream->documents; i++) {
        if (i % STRIDE == 0)
            table->begin[i / STRIDE] = begin;
        begin += document_at(stream, table, i).count;
    }
    assert(begin == stream->count);
    return table;
}

/* The last kept place that begins at or before a token of the epoch. */
static int64_t place_before(const epoch *table, int64_t documents, int64_t token)
{
    int64_t low = 0, high = (documents + STRIDE - 1) / STRIDE;

    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (table->begin[middle] <= token)
            low = middle;
        else
            high = middle;
    }
    return low * STRIDE;
}

/* ---- the stream --------------------------------------------------------------------------- */

vsh_status vsh_stream_open(vsh_arena *arena, const vsh_token_data *data, uint64_t seed,
                           vsh_stream **stream, vsh_error *err)
{
    vsh_stream *opened = vsh_alloc(arena, 1, sizeof *opened);

    assert(data->documents > 0 && data->count > 0);
    if (!opened)
        return vsh_fail(err, VSH_EMACHINE, "training data: out of memory");
    opened->data = data;
    opened->documents = data->documents;
    opened->count = data->count;
    opened->seed = seed;
    for (int i = 0; i < EPOCHS_KEPT; i++) {
        epoch *table = &opened->kept[i];
        table->number = -1;
        table->begin =
            vsh_alloc(arena, (size_t)(data->documents / STRIDE + 1), sizeof *table->begin);
        if (!table->begin)
            return vsh_fail(err, VSH_EMACHINE, "training data: out of memory");
    }
    *stream = opened;
    return VSH_OK;
}

void vsh_stream_limit(vsh_stream *stream, uint64_t seed, int64_t tokens)
{
    const vsh_token_data *data = stream->data;

    if (tokens >= data->count)
        return;
    stream->some = true;
    stream->drawn = vsh_shuffle_of(seed, data->documents, data->documents);
    stream->documents = stream->count = 0;
    while (stream->count < tokens)
        stream->count +=
            document_of(data, vsh_shuffle_at(&stream->drawn, stream->documents++)).count;
}

int64_t vsh_stream_epoch(const vsh_stream *stream) { return stream->count; }

/* Tokens [first, first + count) of the stream. */
static void read_tokens(vsh_stream *stream, int64_t first, int64_t count, int32_t *out)
{
    const vsh_token_data *data = stream->data;

    while (count > 0) {
        const epoch *table = epoch_at(stream, first / stream->count);
        int64_t token = first % stream->count;
        int64_t place = place_before(table, stream->documents, token);
        int64_t begin = table->begin[place / STRIDE];
        for (; count > 0 && place < stream->documents; place++) {
            document d = document_at(stream, table, place);
            int64_t left = begin + d.count - token, taken = left < count ? left : count;
            begin += d.count;
            if (left <= 0)
                continue;
            vsh_token_data_read(data, d.begin + d.count - left, taken, out);
            out += taken;
            first += taken;
            token += taken;
            count -= taken;
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
