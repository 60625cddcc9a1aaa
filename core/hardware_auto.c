#include "core/hardware_auto.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
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

const char *vsh_machine_file(vsh_arena *arena, const char *folder, const char *what)
{
    struct utsname host = {.nodename = ""};
    char path[PATH_MAX];

    uname(&host);
    snprintf(path, sizeof path, "%.3600s/%.64s-%016" PRIx64 "-%.64s.yaml", folder, host.nodename,
             identify_processor(), what);
    return vsh_copy_text(arena, path, strlen(path));
}

/* What vishwa-train measured of its products (trainer/nn/gemm_table.c); other keys are not ours. */
typedef struct {
    double fp32_one, fp32_all, bf16_one, bf16_all;
} product_rates;

#define RATE(key, field)                                                                           \
    {                                                                                              \
        key, VSH_FIELD_REAL, offsetof(product_rates, field), true, 1, 1e18                         \
    }

static void learn_product(vsh_figure *figure, double rate)
{
    *figure = (vsh_figure){.known = true,
                           .value = rate,
                           .low = rate,
                           .high = rate,
                           .source = "best large matrix product of vishwa-train on this machine",
                           .tag = VSH_TAG_MEASURED};
}

static void learn_products(vsh_arena *arena, const char *folder, int64_t threads,
                           vsh_hardware *hardware)
{
    static const vsh_field fields[] = {RATE("fp32_rate_one", fp32_one),
                                       RATE("fp32_rate_all", fp32_all),
                                       RATE("bf16_rate_one", bf16_one),
                                       RATE("bf16_rate_all", bf16_all),
                                       {NULL}};
    const char *path = vsh_machine_file(arena, folder, "gemm");
    product_rates rates;
    vsh_doc doc;

    if (!path || access(path, R_OK) != 0 || vsh_doc_read(arena, path, &doc, NULL) != VSH_OK ||
        vsh_fields_read(&doc, doc.root, fields, false, &rates, NULL) != VSH_OK)
        return;
    learn_product(&hardware->products[VSH_FP32], threads == 1 ? rates.fp32_one : rates.fp32_all);
    learn_product(&hardware->products[VSH_BF16], threads == 1 ? rates.bf16_one : rates.bf16_all);
}

static vsh_status find_profile(vsh_arena *arena, const char *cache_folder, int64_t threads,
                               bool refresh, vsh_hardware *hardware, vsh_error *err)
{
    const char *path = "this machine";
    vsh_text yaml = {.arena = arena};
    char what[24];
    vsh_doc doc;

    snprintf(what, sizeof what, "%" PRId64, threads);
    if (cache_folder && !(path = vsh_machine_file(arena, cache_folder, what)))
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

vsh_status vsh_hardware_auto(vsh_arena *arena, const char *cache_folder, int64_t threads,
                             bool refresh, vsh_hardware *hardware, vsh_error *err)
{
    assert(arena && hardware);
    VSH_TRY(find_profile(arena, cache_folder, threads, refresh, hardware, err));
    if (cache_folder)
        learn_products(arena, cache_folder, threads, hardware);
    return VSH_OK;
}
