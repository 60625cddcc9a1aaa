#include "core/hardware_auto.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/file.h"
#include "core/hardware_probe.h"

/* FNV-1a of the first processor's lines in /proc/cpuinfo that name it, and of how many there are.
 */
static uint64_t identify_processor(void)
{
    uint64_t hash = 14695981039346656037u ^ (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[512];

    while (file && fgets(line, sizeof line, file) && *line != '\n')
        if (strncmp(line, "model", 5) == 0 || strncmp(line, "stepping", 8) == 0 ||
            strncmp(line, "CPU part", 8) == 0)
            for (const char *c = line; *c; c++)
                hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    if (file)
        fclose(file);
    return hash;
}

static const char *name_cache(vsh_arena *arena, const char *folder, int64_t threads)
{
    struct utsname host = {.nodename = ""};
    char path[PATH_MAX];

    uname(&host);
    snprintf(path, sizeof path, "%.3600s/%.64s-%016" PRIx64 "-%" PRId64 ".yaml", folder,
             host.nodename, identify_processor(), threads);
    return vsh_copy_text(arena, path, strlen(path));
}

vsh_status vsh_hardware_auto(vsh_arena *arena, const char *cache_folder, int64_t threads,
                             bool refresh, vsh_hardware *hardware, vsh_error *err)
{
    const char *path = "this machine";
    vsh_text yaml = {.arena = arena};
    vsh_doc doc;

    assert(arena && hardware);
    if (cache_folder && !(path = name_cache(arena, cache_folder, threads)))
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", cache_folder);
    /* a cache that does not read is measured anew */
    if (cache_folder && !refresh && access(path, R_OK) == 0 &&
        vsh_hardware_read(arena, path, hardware, NULL) == VSH_OK)
        return VSH_OK;
    VSH_TRY(vsh_hardware_probe(arena, threads, &yaml, err));
    if (cache_folder && vsh_folder_make(cache_folder, NULL) == VSH_OK)
        vsh_file_write(path, &yaml, NULL); /* without a cache the next call measures again */
    VSH_TRY(vsh_doc_parse(arena, path, vsh_text_string(&yaml), yaml.length, &doc, err));
    return vsh_hardware_from_doc(&doc, hardware, err);
}
