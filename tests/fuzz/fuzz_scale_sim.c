/* Any bytes as a configuration and, after a line of %%, a topology: refused with one line that says
 * where, or figures that hold together. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sim/scale_sim/scale_config.h"
#include "sim/scale_sim/scale_layer.h"
#include "sim/scale_sim/scale_report.h"
#include "tests/fuzz/target.h"

/* Beyond them a layer is legal, but takes its time. */
static const int64_t macs_max = 1000000;
enum { LAYERS_MAX = 32 };

static void check_figures(const sim_scale_figures *f)
{
    assert(f->total_cycles > 0 && f->stall_cycles >= 0);
    assert(f->mapping_percent > 0 && f->mapping_percent < 100.0001);
    assert(f->compute_percent > 0 && f->compute_percent < 100.0001);
    for (int i = 0; i < SIM_OPERANDS; i++) {
        assert(f->sram[i].start <= f->sram[i].stop && f->sram[i].words > 0);
        assert(f->dram[i].start <= f->dram[i].stop && f->dram[i].words > 0);
    }
    assert(f->sram[SIM_OUT].stop <= f->total_cycles);
}

static void run(vsh_arena *arena, const sim_scale_config *config, const sim_scale_topology *t)
{
    vsh_error err = {""};
    sim_scale_figures f;

    for (int i = 0; i < t->layer_count && i < LAYERS_MAX; i++) {
        const sim_scale_layer *l = &t->layer[i];
        vsh_text out = {.arena = arena};
        int64_t macs;
        bool fits = !__builtin_mul_overflow(l->m, l->n, &macs) &&
                    !__builtin_mul_overflow(macs, l->k, &macs);
        if (fits && macs > macs_max)
            continue;
        if (sim_scale_run_layer(config, l, t->path, &f, &err) != VSH_OK) {
            assert(strncmp(err.text, "topology:", 9) == 0);
            continue;
        }
        assert(fits);
        check_figures(&f);
        for (int report = 0; report < SIM_SCALE_REPORTS; report++)
            sim_scale_report_row(&out, report, true, i, &f);
        assert(!out.failed && !strstr(vsh_text_string(&out), "nan"));
    }
}

static void check_refusal(const vsh_error *err, const char *path)
{
    assert(strncmp(err->text, path, strlen(path)) == 0 && err->text[strlen(path)] == ':');
    assert(!strpbrk(err->text, "\r\n\t\033"));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *text = (const char *)bytes;
    size_t cut = 0;
    vsh_arena arena = {0};
    vsh_text talk = {.arena = &arena};
    vsh_error err = {""};
    vsh_lines source;
    sim_scale_config config;
    sim_scale_topology topology;

    while (cut + 3 <= length && memcmp(text + cut, "%%\n", 3) != 0)
        cut++;
    if (cut + 3 > length)
        cut = length;
    if (vsh_lines_of(&arena, "config", text, cut, &source, &err) != VSH_OK ||
        sim_scale_config_read(&arena, &source, &config, &talk, &err) != VSH_OK)
        check_refusal(&err, "config");
    else {
        assert(!strchr(config.run_name, '/') && !strstr(config.run_name, ".."));
        cut = cut < length ? cut + 3 : length;
        if (vsh_lines_of(&arena, "topology", text + cut, length - cut, &source, &err) !=
                VSH_OK ||
            sim_scale_topology_read(&arena, &source, SIM_SCALE_BY_HEADER, &topology, &talk, &err) !=
                VSH_OK)
            check_refusal(&err, "topology");
        else
            run(&arena, &config, &topology);
    }
    vsh_arena_free(&arena);
    return 0;
}
