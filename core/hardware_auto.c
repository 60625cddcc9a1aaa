#include "core/hardware_auto.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/hardware_probe.h"

vsh_status vsh_hardware_auto(vsh_arena *arena, const char *cache_folder, int64_t threads,
                             bool refresh, vsh_hardware *hardware, vsh_error *err)
{
    char path[PATH_MAX];
    const char *kept;
    vsh_text yaml = {.arena = arena};
    vsh_doc doc;

    assert(cache_folder && hardware);
    snprintf(path, sizeof path, "%.3800s/this-machine-%" PRId64 ".yaml", cache_folder, threads);
    kept = vsh_copy_text(arena, path, strlen(path));
    if (!kept)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    /* a cache that does not read is measured anew */
    if (!refresh && access(path, R_OK) == 0 &&
        vsh_hardware_read(arena, kept, hardware, NULL) == VSH_OK)
        return VSH_OK;
    VSH_TRY(vsh_hardware_probe(arena, threads, &yaml, err));
    if (vsh_folder_make(cache_folder, NULL) == VSH_OK)
        vsh_file_write(path, &yaml, NULL); /* without a cache the next call measures again */
    VSH_TRY(vsh_doc_parse(arena, kept, yaml.data, yaml.length, &doc, err));
    return vsh_hardware_from_doc(&doc, hardware, err);
}
