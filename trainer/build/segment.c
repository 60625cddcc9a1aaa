#include "trainer/build/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trainer/base/hash64.h"
#include "trainer/base/mapped_file.h"

/* A file: the frame, passed bits, held bits, bytes (padded to 8), samples, then keys by column. A
 * change of the layout changes the mark. */
static const char mark[8] = "vshseg2";

typedef struct {
    char mark[8];
    uint64_t key;
    uint64_t frame_hash, body_hash; /* the first with itself as zero */
    vsh_segment_head head;
} frame;

_Static_assert(sizeof(vsh_segment_sample) % 8 == 0 && sizeof(frame) % 8 == 0,
               "what lies behind them is aligned");

enum { FIRST_CAPACITY = 1024, SECTIONS = 5 };

typedef struct {
    const void *data;
    int64_t bytes;
} section;

static int64_t words_of(int64_t bits) { return (bits + 63) / 64; }

/* Bytes of the sections before the keys. */
static void measure(const vsh_segment_head *head, int64_t bytes[SECTIONS - 1])
{
    bytes[0] = 8 * words_of(head->documents);
    bytes[1] = 8 * words_of(head->passed);
    bytes[2] = 8 * ((head->passed + 1) / 2);
    bytes[3] = head->samples * (int64_t)sizeof(vsh_segment_sample);
}

static int64_t keys_at(const vsh_segment_head *head)
{
    int64_t bytes[SECTIONS - 1], sum = sizeof(frame);

    measure(head, bytes);
    for (int i = 0; i < SECTIONS - 1; i++)
        sum += bytes[i];
    return sum;
}

static int64_t file_bytes(const vsh_segment_head *head)
{
    return keys_at(head) + 8 * head->passed * head->columns;
}

/* ---- filling ------------------------------------------------------------------------------ */

void vsh_segment_begin(vsh_segment_draft *d, int64_t span, int64_t part)
{
    int64_t columns = d->head.columns;

    if (d->capacity) {
        memset(d->passed_bits, 0, (size_t)words_of(d->capacity) * 8);
        memset(d->held_bits, 0, (size_t)words_of(d->capacity) * 8);
    }
    d->head = (vsh_segment_head){.span = span, .part = part, .columns = columns};
}

static bool grow(vsh_arena *arena, void *array, int64_t before, int64_t count, int64_t size)
{
    void *was, *larger = vsh_alloc(arena, (size_t)count, (size_t)size);

    if (!larger)
        return false;
    memcpy(&was, array, sizeof was);
    if (before)
        memcpy(larger, was, (size_t)(before * size));
    memcpy(array, &larger, sizeof larger);
    return true;
}

vsh_status vsh_segment_reserve(vsh_segment_draft *d, vsh_error *err)
{
    int64_t capacity = d->capacity ? 2 * d->capacity : FIRST_CAPACITY, before = d->capacity;

    if (d->head.documents < d->capacity)
        return VSH_OK;
    if (!grow(d->arena, &d->passed_bits, words_of(before), words_of(capacity), 8) ||
        !grow(d->arena, &d->held_bits, words_of(before), words_of(capacity), 8) ||
        !grow(d->arena, &d->bytes, before, capacity, 4) ||
        !grow(d->arena, &d->keys, before, capacity, 8 * d->head.columns))
        return vsh_fail(err, VSH_EMACHINE, "out of memory for the keys of documents");
    d->capacity = capacity;
    return VSH_OK;
}

/* ---- writing ------------------------------------------------------------------------------ */

static bool put_all(int file, const void *bytes, int64_t length)
{
    for (const char *at = bytes; length > 0;) {
        ssize_t wrote = write(file, at, (size_t)length);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        at += wrote;
        length -= wrote;
    }
    return true;
}

/* Not synced: after a power cut the hash says so, and the segment is made again. */
static vsh_status write_file(const char *path, const section *sections, int count, vsh_error *err)
{
    char unfinished[PATH_MAX];
    bool written;
    int file;

    if ((size_t)snprintf(unfinished, sizeof unfinished, "%s.new", path) >= sizeof unfinished)
        return vsh_fail(err, VSH_EMACHINE, "%.80s...: %s", path, strerror(ENAMETOOLONG));
    file = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    written = file >= 0;
    for (int i = 0; written && i < count; i++)
        written = put_all(file, sections[i].data, sections[i].bytes);
    if (file >= 0 && close(file) != 0 && errno != EINTR)
        written = false;
    if (written && rename(unfinished, path) == 0)
        return VSH_OK;
    vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    unlink(unfinished);
    return VSH_EMACHINE;
}

static uint64_t chain(uint64_t hash, const void *bytes, int64_t length)
{
    return vsh_hash64_pair(hash, vsh_hash64(bytes, (size_t)length));
}

static uint64_t frame_hash(frame whole)
{
    whole.frame_hash = 0;
    return vsh_hash64(&whole, sizeof whole);
}

vsh_status vsh_segment_write(const char *path, uint64_t key, vsh_segment_draft *d, vsh_error *err)
{
    const vsh_segment_head *h = &d->head;
    vsh_arena room = {0};
    uint64_t *columns = vsh_alloc(&room, (size_t)(h->passed * h->columns), 8);
    frame whole;
    section parts[1 + SECTIONS] = {{&whole, sizeof whole}, {d->passed_bits, 0},
                                   {d->held_bits, 0},      {d->bytes, 0},
                                   {d->sample, 0},         {columns, 8 * h->passed * h->columns}};
    int64_t bytes[SECTIONS - 1];
    vsh_status status;

    if (!columns)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    for (int64_t i = 0; i < h->passed; i++)
        for (int64_t c = 0; c < h->columns; c++)
            columns[c * h->passed + i] = d->keys[i * h->columns + c];
    memset(&whole, 0, sizeof whole);
    memcpy(whole.mark, mark, sizeof mark);
    whole.key = key;
    whole.head = *h;
    if (h->passed % 2) /* the padding */
        d->bytes[h->passed] = 0;
    measure(h, bytes);
    for (int i = 0; i < SECTIONS - 1; i++)
        parts[1 + i].bytes = bytes[i];
    for (int i = 0; i < SECTIONS; i++)
        whole.body_hash = chain(whole.body_hash, parts[1 + i].data, parts[1 + i].bytes);
    whole.frame_hash = frame_hash(whole);
    status = write_file(path, parts, 1 + SECTIONS, err);
    vsh_arena_free(&room);
    return status;
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool head_holds(const vsh_segment_head *h)
{
    return h->documents >= 0 && h->documents <= VSH_SEGMENT_DOCUMENTS && h->passed >= 0 &&
           h->passed <= h->documents && h->columns > 0 && h->columns <= 1 + VSH_MINHASH_BANDS_MAX &&
           h->samples >= 0 && h->samples <= VSH_BUILD_STAGES * VSH_BUILD_SAMPLES;
}

static bool frame_holds(const frame *whole, uint64_t key)
{
    return memcmp(whole->mark, mark, sizeof mark) == 0 && whole->key == key &&
           whole->frame_hash == frame_hash(*whole) && head_holds(&whole->head);
}

static bool body_holds(const frame *whole, const char *body)
{
    const vsh_segment_head *h = &whole->head;
    int64_t bytes[SECTIONS];
    uint64_t hash = 0;

    measure(h, bytes);
    bytes[SECTIONS - 1] = 8 * h->passed * h->columns;
    for (int i = 0; i < SECTIONS; body += bytes[i++])
        hash = chain(hash, body, bytes[i]);
    return hash == whole->body_hash;
}

static bool read_open(int file, int64_t at, void *bytes, int64_t length)
{
    for (char *to = bytes; length > 0;) {
        ssize_t got = pread(file, to, (size_t)length, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        to += got;
        at += got;
        length -= got;
    }
    return true;
}

static bool read_at(const char *path, int64_t at, void *bytes, int64_t length)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool got = file >= 0 && read_open(file, at, bytes, length);

    if (file >= 0)
        close(file);
    return got;
}

bool vsh_segment_head_read(const char *path, uint64_t key, bool body, vsh_segment_head *head)
{
    vsh_mapped_file file;
    frame whole;
    bool holds;

    if (!read_at(path, 0, &whole, sizeof whole) || !frame_holds(&whole, key))
        return false;
    *head = whole.head;
    if (!body)
        return true;
    if (vsh_mapped_file_open(path, &file, NULL) != VSH_OK)
        return false;
    holds = file.bytes == file_bytes(head) &&
            body_holds(&whole, (const char *)file.data + sizeof whole);
    vsh_mapped_file_close(&file);
    return holds;
}

static vsh_status changed(const char *path, vsh_error *err)
{
    return vsh_fail(err, VSH_EMACHINE, "%s: cannot be read, or was changed meanwhile", path);
}

vsh_status vsh_segment_read(vsh_arena *arena, const char *path, uint64_t key, vsh_segment *segment,
                            vsh_error *err)
{
    vsh_segment_head *h = &segment->head;
    int64_t bytes[SECTIONS - 1], length;
    char *body;

    if (!vsh_segment_head_read(path, key, false, h))
        return changed(path, err);
    length = keys_at(h) - (int64_t)sizeof(frame) + 8 * h->passed;
    body = vsh_alloc(arena, (size_t)length, 1);
    if (!body)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    if (!read_at(path, sizeof(frame), body, length))
        return changed(path, err);
    measure(h, bytes);
    segment->passed_bits = (const uint64_t *)(const void *)body;
    segment->held_bits = (const uint64_t *)(const void *)(body += bytes[0]);
    segment->bytes = (const uint32_t *)(const void *)(body += bytes[1]);
    segment->sample = (const vsh_segment_sample *)(const void *)(body += bytes[2]);
    segment->key = (const uint64_t *)(const void *)(body + bytes[3]);
    return VSH_OK;
}

static bool keys_of(int file, uint64_t key, int column, int64_t first, int64_t count,
                    uint64_t *keys)
{
    const vsh_segment_head *h;
    frame whole;

    if (!read_open(file, 0, &whole, sizeof whole) || !frame_holds(&whole, key))
        return false;
    h = &whole.head;
    return column >= 0 && column < h->columns && first >= 0 && first + count <= h->passed &&
           read_open(file, keys_at(h) + 8 * (column * h->passed + first), keys, 8 * count);
}

vsh_status vsh_segment_keys(const char *path, uint64_t key, int column, int64_t first,
                            int64_t count, uint64_t *keys, vsh_error *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool got = file >= 0 && keys_of(file, key, column, first, count, keys);

    if (file >= 0)
        close(file);
    return got ? VSH_OK : changed(path, err);
}
