#include "sim/sim_scale.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/json.h"
#include "sim/scale_sim/scale_config.h"
#include "sim/scale_sim/scale_layer.h"
#include "sim/scale_sim/scale_report.h"
#include "sim/sim_commands.h"

enum { JSON_SCHEMA = 1 };

/* Far above any topology that was ever published; the largest, of a whole network, have kilobytes.
 */
enum { SOURCE_BYTES_MAX = 64 << 20 };

typedef struct {
    sim_scale_config config;
    sim_scale_topology topology;
    sim_scale_figures *figures; /* one a layer */
    const char *folder;         /* where the reports go */
    const char *path[SIM_SCALE_REPORTS];
} scale_run;

static vsh_status read_inputs(vsh_arena *arena, const sim_scale_request *request, scale_run *run,
                              vsh_text *talk, vsh_error *err)
{
    vsh_lines source;

    VSH_TRY(vsh_lines_read(arena, request->config, SOURCE_BYTES_MAX, &source, err));
    VSH_TRY(sim_scale_config_read(arena, &source, &run->config, talk, err));
    VSH_TRY(vsh_lines_read(arena, request->topology, SOURCE_BYTES_MAX, &source, err));
    VSH_TRY(sim_scale_topology_read(arena, &source, request->input, &run->topology, talk, err));
    if (request->input == SIM_SCALE_BY_HEADER)
        vsh_text_add(talk, "%s: read as -i %s (by its header)\n", request->topology,
                     sim_scale_input_words[run->topology.input]);
    if (!request->layout)
        return VSH_OK;
    run->config.v3 = true; /* version 2 knows no layouts */
    VSH_TRY(vsh_lines_read(arena, request->layout, SOURCE_BYTES_MAX, &source, err));
    vsh_text_add(talk, "%s: ignored: a layout decides stalls alone, which are not counted\n",
                 request->layout);
    return VSH_OK;
}

static vsh_status run_layers(vsh_arena *arena, scale_run *run, vsh_text *talk, vsh_error *err)
{
    const sim_scale_topology *t = &run->topology;
    int waiting = 0;

    run->figures = vsh_alloc(arena, (size_t)t->layer_count, sizeof *run->figures);
    if (!run->figures)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int i = 0; i < t->layer_count; i++) {
        VSH_TRY(sim_scale_run_layer(&run->config, &t->layer[i], t->path, &run->figures[i], err));
        waiting += !run->figures[i].exact;
    }
    if (waiting)
        vsh_text_add(talk,
                     "%d of %d layers stall in USER mode and are too large, or convolutions, to be "
                     "followed: Stall Cycles is 0 there, DRAM columns are as of CALC\n",
                     waiting, t->layer_count);
    return VSH_OK;
}

static vsh_status find_place(vsh_arena *arena, const sim_scale_request *request, scale_run *run,
                             vsh_error *err)
{
    struct stat info;

    if (*request->folder == '\0') /* joined with a name it would lead to the root */
        return vsh_fail(err, VSH_EINPUT, "-p: expected a folder, found an empty name");
    run->folder = vsh_path_join(arena, request->folder, run->config.run_name);
    for (int i = 0; i < SIM_SCALE_REPORTS; i++) {
        run->path[i] =
            run->folder ? vsh_path_join(arena, run->folder, sim_scale_report_names[i]) : NULL;
        if (!run->path[i])
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
        if (lstat(run->path[i], &info) != 0)
            continue;
        if (S_ISDIR(info.st_mode))
            return vsh_fail(err, VSH_EMACHINE, "%s is a folder", run->path[i]);
        if (!request->force)
            return vsh_fail(err, VSH_EINPUT, "%s is there already; --force overwrites it",
                            run->path[i]);
    }
    return VSH_OK;
}

static vsh_status write_reports(vsh_arena *arena, const scale_run *run, vsh_error *err)
{
    vsh_text report[SIM_SCALE_REPORTS];
    vsh_status status = VSH_OK;
    int written = 0;

    for (int i = 0; i < SIM_SCALE_REPORTS; i++) {
        report[i] = (vsh_text){.arena = arena};
        sim_scale_report_header(&report[i], i, run->config.v3);
        for (int layer = 0; layer < run->topology.layer_count; layer++)
            sim_scale_report_row(&report[i], i, run->config.v3, layer, &run->figures[layer]);
        if (report[i].failed)
            return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", run->path[i]);
    }
    VSH_TRY(vsh_folder_make(run->folder, err));
    while (written < SIM_SCALE_REPORTS &&
           (status = vsh_file_write(run->path[written], &report[written], err)) == VSH_OK)
        written++;
    if (status != VSH_OK) /* all three or none */
        while (written > 0)
            unlink(run->path[--written]);
    return status;
}

static void write_table(const scale_run *run, vsh_text *out)
{
    const sim_scale_config *c = &run->config;
    double cycles = 0;

    vsh_text_add(out,
                 "SCALE-Sim version %d, %s, %lld x %lld, %s: cycles as that tool reports them\n\n",
                 c->v3 ? 3 : 2, sim_dataflow_words[c->dataflow], (long long)c->rows,
                 (long long)c->cols, c->user ? "USER" : "CALC");
    vsh_text_add(out, "  %-24s %9s %9s %9s %14s %8s %8s\n", "layer", "M", "N", "K", "cycles",
                 "util %", "mapped %");
    for (int i = 0; i < run->topology.layer_count; i++) {
        const sim_scale_layer *l = &run->topology.layer[i];
        const sim_scale_figures *f = &run->figures[i];
        vsh_text_add(out, "  %-24.24s %9lld %9lld %9lld %14s %8.3g %8.3g%s\n", l->name,
                     (long long)l->m, (long long)l->n, (long long)l->k,
                     vsh_show_integer(f->total_cycles).text, f->overall_percent, f->mapping_percent,
                     f->exact ? "" : "  stalls not counted");
        cycles += (double)f->total_cycles;
    }
    vsh_text_add(out, "\n  %d layers, %s cycles; reports in %s\n", run->topology.layer_count,
                 vsh_show_amount(cycles).text, run->folder);
}

static void write_access(vsh_json *json, const char *key, const sim_scale_access *access,
                         double rate)
{
    vsh_json_object(json, key);
    vsh_json_integer(json, "start_cycle", access->start);
    vsh_json_integer(json, "stop_cycle", access->stop);
    vsh_json_integer(json, "words", access->words);
    vsh_json_real(json, "words_per_cycle", rate);
    vsh_json_end(json);
}

static void write_layer(vsh_json *json, const scale_run *run, int layer)
{
    static const char *const sram[] = {"sram_ifmap", "sram_filter", "sram_ofmap"};
    static const char *const dram[] = {"dram_ifmap", "dram_filter", "dram_ofmap"};
    const sim_scale_layer *l = &run->topology.layer[layer];
    const sim_scale_figures *f = &run->figures[layer];

    vsh_json_object(json, NULL);
    vsh_json_string(json, "name", l->name);
    vsh_json_integer(json, "m", l->m);
    vsh_json_integer(json, "n", l->n);
    vsh_json_integer(json, "k", l->k);
    if (run->config.v3)
        vsh_json_integer(json, "total_cycles_with_prefetch", f->cycles_with_prefetch);
    vsh_json_integer(json, "total_cycles", f->total_cycles);
    vsh_json_integer(json, "stall_cycles", f->stall_cycles);
    vsh_json_bool(json, "stalls_counted", f->exact);
    vsh_json_real(json, "overall_util_percent", f->overall_percent);
    vsh_json_real(json, "mapping_efficiency_percent", f->mapping_percent);
    vsh_json_real(json, "compute_util_percent", f->compute_percent);
    for (int i = SIM_LHS; i < SIM_OPERANDS; i++)
        write_access(json, sram[i], &f->sram[i], f->sram_rate[i]);
    for (int i = SIM_LHS; i < SIM_OPERANDS; i++)
        write_access(json, dram[i], &f->dram[i], f->dram_rate[i]);
    vsh_json_end(json);
}

static void write_json(const scale_run *run, vsh_text *out)
{
    const sim_scale_config *c = &run->config;
    vsh_json json = {.out = out};

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", JSON_SCHEMA);
    vsh_json_string(&json, "counts_as", c->v3 ? "SCALE-Sim version 3" : "SCALE-Sim version 2");
    vsh_json_string(&json, "run_name", c->run_name);
    vsh_json_string(&json, "dataflow", sim_dataflow_words[c->dataflow]);
    vsh_json_integer(&json, "rows", c->rows);
    vsh_json_integer(&json, "cols", c->cols);
    vsh_json_string(&json, "mode", c->user ? "USER" : "CALC");
    vsh_json_string(&json, "input", sim_scale_input_words[run->topology.input]);
    vsh_json_array(&json, "reports");
    for (int i = 0; i < SIM_SCALE_REPORTS; i++)
        vsh_json_string(&json, NULL, run->path[i]);
    vsh_json_end(&json);
    vsh_json_array(&json, "layers");
    for (int i = 0; i < run->topology.layer_count; i++)
        write_layer(&json, run, i);
    vsh_json_end(&json);
    vsh_json_end(&json);
}

vsh_status sim_scale_sim(vsh_arena *arena, const sim_scale_request *request, vsh_text *out,
                         vsh_text *talk, vsh_error *err)
{
    scale_run run = {0};

    VSH_TRY(read_inputs(arena, request, &run, talk, err));
    VSH_TRY(find_place(arena, request, &run, err));
    VSH_TRY(run_layers(arena, &run, talk, err));
    VSH_TRY(write_reports(arena, &run, err));
    if (request->json)
        write_json(&run, out);
    else
        write_table(&run, out);
    return VSH_OK;
}

vsh_status sim_run_scale(vsh_session *s, vsh_error *err)
{
    const sim_config *c = s->config;
    const struct {
        const char *name, *value, *example;
    } needed[] = {{"config", c->config, "a file such as scale.cfg"},
                  {"topology", c->topology, "a file such as layers.csv"},
                  {"out", c->out, "a folder"}};
    sim_scale_request request = {.config = c->config,
                                 .topology = c->topology,
                                 .layout = c->layout,
                                 .input =
                                     c->input < 0 ? SIM_SCALE_BY_HEADER : (sim_scale_input)c->input,
                                 .folder = c->out,
                                 .force = s->common->force,
                                 .json = s->common->json};

    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (!needed[i].value)
            return vsh_fail(err, VSH_EINPUT, "--%s: expected %s, got nothing", needed[i].name,
                            needed[i].example);
    return sim_scale_sim(s->arena, &request, &s->out, &s->talk, err);
}
