/* manifest.json: what a checkpoint consists of. Its last member is the XXH64 of its own text, with
 * zeros in the place of the digits: no bit of it changes unnoticed. */
#ifndef VSH_MANIFEST_H
#define VSH_MANIFEST_H

#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"
#include "core/text.h"
#include "trainer/run/checkpoint.h"

typedef struct {
    const char *name;
    uint64_t hash; /* XXH64 of the bytes */
} vsh_manifest_tensor;

typedef struct {
    const char *name;
    int64_t bytes;
    uint64_t hash;                      /* of the file; of a SafeTensors file its head */
    const vsh_manifest_tensor *tensors; /* in the order of the file; NULL: not SafeTensors */
    int64_t count;
} vsh_manifest_file;

typedef struct {
    vsh_checkpoint_state state;
    const vsh_manifest_file *files;
    int64_t file_count;
} vsh_manifest;

/* VSH_EINPUT when a statistic of the state is not finite, VSH_EMACHINE for memory. */
vsh_status vsh_manifest_text(const char *path, const vsh_manifest *manifest, vsh_text *text,
                             vsh_error *err);

/* VSH_EINPUT with "path: what" when it does not hold. */
vsh_status vsh_manifest_read(vsh_arena *arena, const char *path, vsh_manifest *manifest,
                             vsh_error *err);

/* NULL when it lists no such file. */
const vsh_manifest_file *vsh_manifest_find(const vsh_manifest *manifest, const char *name);

#endif
