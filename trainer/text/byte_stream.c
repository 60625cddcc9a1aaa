#include "trainer/text/byte_stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { INPUT_BYTES = 64 * 1024 };

struct vsh_byte_stream {
    vsh_arena arena; /* holds the stream itself */
    const char *path;
    vsh_packing packing;
    int file;
    int64_t at, disk_bytes; /* of the file */
    /* of a packed file */
    char *input; /* (INPUT_BYTES) */
    size_t input_from, input_to;
    bool inside;  /* a member or frame */
    bool between; /* at least one is behind */
    bool padded;  /* zeros behind the last member: tapes, and gzip allows them */
    bool ended;
    z_stream gzip;
    ZSTD_DStream *zstd;
    int64_t unpacked;
    char damage[128];
};

/* ---- the file ------------------------------------------------------------------------------ */

/* As much as there is room for, but for the end. */
static vsh_status read_file(vsh_byte_stream *stream, char *room, int64_t bytes, int64_t *got,
                            vsh_error *err)
{
    if (bytes > stream->disk_bytes - stream->at)
        bytes = stream->disk_bytes - stream->at;
    for (*got = 0; *got < bytes;) {
        ssize_t once = pread(stream->file, room + *got, (size_t)(bytes - *got), stream->at);
        if (once < 0 && errno == EINTR)
            continue;
        if (once < 0)
            return vsh_fail(err, VSH_EMACHINE, "%s: %s", stream->path, strerror(errno));
        if (once == 0)
            return vsh_fail(err, VSH_EMACHINE, "%s: became shorter while it was read",
                            stream->path);
        *got += once;
        stream->at += once;
    }
    return VSH_OK;
}

static vsh_status open_file(vsh_byte_stream *stream, vsh_error *err)
{
    struct stat info;

    /* O_NONBLOCK: a named pipe that took the file's place must not wait for a writer */
    stream->file = open(stream->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (stream->file < 0 || fstat(stream->file, &info) != 0)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", stream->path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return vsh_fail(err, VSH_EMACHINE, "%s: is no regular file any more", stream->path);
    return VSH_OK;
}

/* ---- unpacking ----------------------------------------------------------------------------- */

static void damaged(vsh_byte_stream *stream, const char *what)
{
    snprintf(stream->damage, sizeof stream->damage, "%s: %s behind byte %" PRId64,
             stream->packing == VSH_GZIP ? "gzip" : "zstd", what, stream->unpacked);
    stream->ended = true;
}

/* One step from input to room; *done says how many bytes came out. */
static vsh_status step_gzip(vsh_byte_stream *stream, char *room, size_t bytes, size_t *done,
                            vsh_error *err)
{
    z_stream *z = &stream->gzip;
    int code;

    z->next_in = (Bytef *)stream->input + stream->input_from;
    z->avail_in = (uInt)(stream->input_to - stream->input_from);
    z->next_out = (Bytef *)room;
    z->avail_out = (uInt)bytes;
    code = inflate(z, Z_NO_FLUSH);
    stream->input_from = stream->input_to - z->avail_in;
    *done = bytes - z->avail_out;
    stream->unpacked += (int64_t)*done;
    if (code == Z_MEM_ERROR)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", stream->path);
    if (code == Z_STREAM_END) {
        stream->inside = false;
        inflateReset(z);
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
        damaged(stream, "damaged");
    }
    return VSH_OK;
}

static vsh_status step_zstd(vsh_byte_stream *stream, char *room, size_t bytes, size_t *done,
                            vsh_error *err)
{
    ZSTD_inBuffer in = {stream->input, stream->input_to, stream->input_from};
    ZSTD_outBuffer out = {room, bytes, 0};
    size_t code = ZSTD_decompressStream(stream->zstd, &out, &in);

    (void)err;
    stream->input_from = in.pos;
    *done = out.pos;
    stream->unpacked += (int64_t)out.pos;
    if (ZSTD_isError(code))
        damaged(stream, ZSTD_getErrorName(code));
    else
        stream->inside = code != 0;
    return VSH_OK;
}

/* Between members of gzip: the next one, or zeros to the end. */
static void begin_member(vsh_byte_stream *stream)
{
    if (stream->packing == VSH_GZIP && stream->between) {
        while (stream->input_from < stream->input_to && !stream->input[stream->input_from]) {
            stream->padded = true;
            stream->input_from++;
        }
        if (stream->input_from == stream->input_to)
            return;
        if (stream->padded || stream->input[stream->input_from] != '\x1f') {
            damaged(stream, "something else stands");
            return;
        }
    }
    stream->inside = stream->between = true;
}

static vsh_status refill(vsh_byte_stream *stream, vsh_error *err)
{
    int64_t got;

    VSH_TRY(read_file(stream, stream->input, INPUT_BYTES, &got, err));
    stream->input_from = 0;
    stream->input_to = (size_t)got;
    return VSH_OK;
}

static vsh_status unpack_some(vsh_byte_stream *stream, char *room, size_t bytes, size_t *done,
                              vsh_error *err)
{
    size_t from;

    *done = 0;
    if (stream->input_from == stream->input_to)
        VSH_TRY(refill(stream, err));
    if (!stream->inside && stream->input_from < stream->input_to) {
        begin_member(stream);
        if (!stream->inside)
            return VSH_OK;
    }
    from = stream->input_from;
    if (stream->inside)
        VSH_TRY(
            (stream->packing == VSH_GZIP ? step_gzip : step_zstd)(stream, room, bytes, done, err));
    if (*done > 0 || stream->input_from > from || stream->ended || !stream->inside) {
        if (!stream->inside && stream->input_to == 0)
            stream->ended = true;
        return VSH_OK;
    }
    /* nothing went on: at the end of the file inside a member */
    damaged(stream, "ends early");
    return VSH_OK;
}

static vsh_status unpack(vsh_byte_stream *stream, char *room, int64_t bytes, int64_t *got,
                         vsh_error *err)
{
    for (*got = 0; *got < bytes && !stream->ended;) {
        int64_t left = bytes - *got;
        size_t done;
        VSH_TRY(
            unpack_some(stream, room + *got, left < 1 << 30 ? (size_t)left : 1 << 30, &done, err));
        *got += (int64_t)done;
    }
    return VSH_OK;
}

static vsh_status open_packed(vsh_byte_stream *stream, vsh_error *err)
{
    stream->input = vsh_alloc(&stream->arena, INPUT_BYTES, 1);
    if (!stream->input)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", stream->path);
    /* 16: with a gzip header and its check sums */
    if (stream->packing == VSH_GZIP && inflateInit2(&stream->gzip, 15 + 16) != Z_OK)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", stream->path);
    if (stream->packing == VSH_ZSTD && !(stream->zstd = ZSTD_createDStream()))
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", stream->path);
    return VSH_OK;
}

/* ---- both ---------------------------------------------------------------------------------- */

vsh_status vsh_byte_stream_open(const char *path, vsh_packing packing, int64_t begin,
                                int64_t disk_bytes, vsh_byte_stream **stream, vsh_error *err)
{
    vsh_arena arena = {0};
    vsh_byte_stream *made = vsh_alloc(&arena, 1, sizeof *made);
    vsh_status status;

    assert(packing == VSH_UNPACKED || begin == 0);
    *stream = NULL;
    if (!made)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    *made = (vsh_byte_stream){.arena = arena,
                              .path = path,
                              .packing = packing,
                              .file = -1,
                              .at = begin,
                              .disk_bytes = disk_bytes};
    status = open_file(made, err);
    if (status == VSH_OK && packing != VSH_UNPACKED)
        status = open_packed(made, err);
    if (status != VSH_OK) {
        vsh_byte_stream_close(made);
        return status;
    }
    *stream = made;
    return VSH_OK;
}

vsh_status vsh_byte_stream_read(vsh_byte_stream *stream, char *room, int64_t bytes, int64_t *got,
                                vsh_error *err)
{
    return (stream->packing == VSH_UNPACKED ? read_file : unpack)(stream, room, bytes, got, err);
}

const char *vsh_byte_stream_damage(const vsh_byte_stream *stream)
{
    return *stream->damage ? stream->damage : NULL;
}

int64_t vsh_byte_stream_disk_bytes(const vsh_byte_stream *stream) { return stream->at; }

void vsh_byte_stream_close(vsh_byte_stream *stream)
{
    vsh_arena arena;

    if (!stream)
        return;
    if (stream->file >= 0)
        close(stream->file);
    if (stream->packing == VSH_GZIP)
        inflateEnd(&stream->gzip);
    ZSTD_freeDStream(stream->zstd);
    arena = stream->arena;
    vsh_arena_free(&arena);
}
