/* The bytes of a regular file one after the other, unpacked on the way: gzip of several members,
 * zstd of several frames (with windows to 128 MiB, as the zstd program). */
#ifndef VSH_BYTE_STREAM_H
#define VSH_BYTE_STREAM_H

#include <stdint.h>

#include "core/status.h"
#include "trainer/text/sources.h"

typedef struct vsh_byte_stream vsh_byte_stream;

/* Of the first disk_bytes of a file; begin: the first byte of one that is not packed, 0 of others.
 * VSH_EMACHINE when it cannot be opened or is no regular file (any more). */
vsh_status vsh_byte_stream_open(const char *path, vsh_packing packing, int64_t begin,
                                int64_t disk_bytes, vsh_byte_stream **stream, vsh_error *err);
/* Fills room; fewer bytes only at the end and at damage. VSH_EMACHINE when reading fails. */
vsh_status vsh_byte_stream_read(vsh_byte_stream *stream, char *room, int64_t bytes, int64_t *got,
                                vsh_error *err);
/* "gzip: ends early behind byte 1000": what was wrong with a packed file, or NULL. What came before
 * was read, nothing behind it. */
const char *vsh_byte_stream_damage(const vsh_byte_stream *stream);
/* Of the file, read so far from its begin. */
int64_t vsh_byte_stream_disk_bytes(const vsh_byte_stream *stream);
void vsh_byte_stream_close(vsh_byte_stream *stream);

#endif
