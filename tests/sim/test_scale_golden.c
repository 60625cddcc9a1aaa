/* Every row that the tool itself reported (tests/golden/sim), from its own texts to our figures. */
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "sim/scale_sim/scale_config.h"
#include "sim/scale_sim/scale_layer.h"
#include "sim/scale_sim/scale_report.h"
#include "tests/harness.h"

const char vsh_suite[] = "scale_golden";

static vsh_error err;

enum { COLUMNS_MAX = 48 };
typedef struct {
    char *next; /* of the file, after the header */
    char *name[COLUMNS_MAX], *value[COLUMNS_MAX];
    int columns;
} table;

static int cut(char *line, char *cell[COLUMNS_MAX])
{
    int count = 0;

    for (char *comma; line && count < COLUMNS_MAX; line = comma) {
        if ((comma = strchr(line, ',')))
            *comma++ = '\0';
        cell[count++] = line;
    }
    return count;
}

static char *next_line(table *t)
{
    char *line = t->next, *end = strchr(line, '\n');

    if (*line == '\0')
        return NULL;
    if (end)
        *end = '\0';
    t->next = end ? end + 1 : line + strlen(line);
    return line;
}

static table open_table(const char *path)
{
    vsh_text text = {.arena = vsh_test_arena()};
    table t = {0};

    REQUIRE_OK(vsh_file_read(path, &text, &err), &err);
    t.next = vsh_copy_text(vsh_test_arena(), vsh_text_string(&text), text.length);
    REQUIRE(t.next != NULL);
    t.columns = cut(next_line(&t), t.name);
    return t;
}

static bool next_row(table *t)
{
    char *line = next_line(t);

    if (!line)
        return false;
    REQUIRE(cut(line, t->value) == t->columns);
    return true;
}

static const char *text_of(const table *t, const char *name)
{
    for (int i = 0; i < t->columns; i++)
        if (strcmp(t->name[i], name) == 0)
            return t->value[i];
    REQUIRE(false);
    return "";
}

static double real_of(const table *t, const char *name) { return strtod(text_of(t, name), NULL); }

static sim_scale_config read_config(const table *t, const char *text)
{
    vsh_text talk = {.arena = vsh_test_arena()};
    vsh_lines source;
    sim_scale_config config;

    REQUIRE_OK(
        vsh_lines_of(vsh_test_arena(), text_of(t, t->name[0]), text, strlen(text), &source, &err),
        &err);
    REQUIRE_OK(sim_scale_config_read(vsh_test_arena(), &source, &config, &talk, &err), &err);
    CHECK_TEXT(vsh_text_string(&talk), "");
    return config;
}

static sim_scale_config config_of_row(const table *t)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_add(&text,
                 "[general]\nrun_name = %s\n\n[architecture_presets]\nArrayHeight:    %s\n"
                 "ArrayWidth:     %s\nIfmapSramSzkB:    %s\nFilterSramSzkB:   %s\n"
                 "OfmapSramSzkB:    %s\nIfmapOffset:    0\nFilterOffset:   10000000\n"
                 "OfmapOffset:    20000000\nDataflow : %s\nBandwidth : %s\nMemoryBanks: 1\n\n"
                 "[run_presets]\nInterfaceBandwidth: %s\n",
                 text_of(t, "case"), text_of(t, "rows"), text_of(t, "cols"), text_of(t, "ifmap_kb"),
                 text_of(t, "filter_kb"), text_of(t, "ofmap_kb"), text_of(t, "dataflow"),
                 text_of(t, "bw"), text_of(t, "mode"));
    if (strcmp(text_of(t, "version"), "v3") == 0)
        vsh_text_add(&text, "\n[sparsity]\nSparsitySupport : false\n");
    return read_config(t, vsh_text_string(&text));
}

/* The convolutions of the file; all its other layers are products. */
static const char *conv_row(const char *layer)
{
    static const struct {
        const char *name, *row;
    } rows[] = {
        {"Conv5_s", "Conv5_s, 14, 14, 1, 1, 256, 512, 2,"},
        {"Conv5_2a", "Conv5_2a, 7, 7, 3, 3, 512, 512, 1,"},
        {"Conv5_2b", "Conv5_2b, 7, 7, 3, 3, 512, 512, 1,"},
        {"FC", "FC, 1, 1, 1, 1, 512, 1000, 1,"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(layer, rows[i].name) == 0)
            return rows[i].row;
    return NULL;
}

static sim_scale_layer layer_of_text(const char *text, sim_scale_input input)
{
    vsh_text talk = {.arena = vsh_test_arena()};
    sim_scale_topology topology;
    vsh_lines source;

    REQUIRE_OK(vsh_lines_of(vsh_test_arena(), "layer.csv", text, strlen(text), &source, &err),
               &err);
    REQUIRE_OK(sim_scale_topology_read(vsh_test_arena(), &source, SIM_SCALE_BY_HEADER, &topology,
                                       &talk, &err),
               &err);
    REQUIRE(topology.input == input && topology.layer_count == 1);
    return topology.layer[0];
}

static sim_scale_layer layer_of_row(const table *t)
{
    vsh_text text = {.arena = vsh_test_arena()};
    const char *conv =
        strncmp(text_of(t, t->name[0]), "resnet", 6) == 0 ? conv_row(text_of(t, "layer")) : NULL;

    if (conv)
        vsh_text_add(&text, "Layer name, IFMAP Height, IFMAP Width, Filter Height,\n%s\n", conv);
    else
        vsh_text_add(&text, "Layer,M,N,K,\nx,%s,%s,%s,\n", text_of(t, "M"), text_of(t, "N"),
                     text_of(t, "K"));
    return layer_of_text(vsh_text_string(&text), conv ? SIM_SCALE_CONV : SIM_SCALE_GEMM);
}

static void check_access(const table *t, const sim_scale_access *access, const char *reads,
                         const char *start, const char *stop)
{
    CHECK_INT(access->words, (int64_t)real_of(t, reads));
    CHECK_INT(access->start, (int64_t)real_of(t, start));
    CHECK_INT(access->stop, (int64_t)real_of(t, stop));
}

/* Bit for bit: a figure of the reports is printed to the last digit. */
#define CHECK_SAME(got, column) CHECK_NEAR((got), real_of(t, column), 0, 0)

static void check_dram(const table *t, const sim_scale_figures *f)
{
    check_access(t, &f->dram[SIM_LHS], "ifmap_dram_reads", "ifmap_dram_start", "ifmap_dram_stop");
    check_access(t, &f->dram[SIM_RHS], "filter_dram_reads", "filter_dram_start",
                 "filter_dram_stop");
    check_access(t, &f->dram[SIM_OUT], "ofmap_dram_writes", "ofmap_dram_start", "ofmap_dram_stop");
    CHECK_SAME(f->dram_rate[SIM_LHS], "avg_ifmap_dram_bw");
    CHECK_SAME(f->dram_rate[SIM_RHS], "avg_filter_dram_bw");
    CHECK_SAME(f->dram_rate[SIM_OUT], "avg_ofmap_dram_bw");
    if (*text_of(t, "total_incl_prefetch"))
        CHECK_SAME((double)f->cycles_with_prefetch, "total_incl_prefetch");
}

static void check_row(const table *t, int *stalled)
{
    sim_scale_config config = config_of_row(t);
    sim_scale_layer layer = layer_of_row(t);
    sim_scale_figures f;

    REQUIRE_OK(sim_scale_run_layer(&config, &layer, "golden.csv", &f, &err), &err);
    CHECK_INT(layer.m, (int64_t)real_of(t, "M"));
    CHECK_INT(layer.n, (int64_t)real_of(t, "N"));
    CHECK_INT(layer.k, (int64_t)real_of(t, "K"));
    CHECK_SAME((double)(f.total_cycles - f.stall_cycles), "compute_cycles");
    CHECK_SAME(f.mapping_percent, "mapping_eff");
    CHECK_SAME(f.compute_percent, "compute_util");
    CHECK_SAME((double)f.sram[SIM_LHS].words, "ifmap_sram_reads");
    CHECK_SAME((double)f.sram[SIM_RHS].words, "filter_sram_reads");
    CHECK_SAME((double)f.sram[SIM_OUT].words, "ofmap_sram_writes");
    CHECK_SAME((double)f.stall_cycles, "stall_cycles");
    CHECK_SAME((double)f.total_cycles, "total_cycles");
    CHECK_SAME(f.overall_percent, "overall_util");
    check_dram(t, &f);
    CHECK(f.exact);
    *stalled += f.stall_cycles > 0;
}

static void every_row_of_the_tool_is_reproduced_bit_for_bit(void)
{
    table t = open_table("tests/golden/sim/golden.csv");
    int rows = 0, stalled = 0;

    for (; next_row(&t); rows++)
        check_row(&t, &stalled);
    CHECK_INT(rows, 142);
    CHECK_INT(stalled, 14);
}

static void every_row_of_the_lookup_table_is_reproduced(void)
{
    table t = open_table("tests/golden/sim/golden_lookup.csv");
    int rows = 0;

    for (; next_row(&t); rows++) {
        sim_scale_config config = {.rows = (int64_t)real_of(&t, "rows"),
                                   .cols = (int64_t)real_of(&t, "cols"),
                                   .sram_kb = {1024, 1024, 1024}};
        sim_scale_layer layer = layer_of_row(&t);
        sim_scale_figures f;

        for (int i = 0; sim_dataflow_words[i]; i++)
            if (strcmp(sim_dataflow_words[i], text_of(&t, "dataflow")) == 0)
                config.dataflow = (sim_dataflow)i;
        REQUIRE_OK(sim_scale_run_layer(&config, &layer, "lookup.csv", &f, &err), &err);
        CHECK_INT(f.total_cycles, (int64_t)real_of(&t, "total_cycles"));
        CHECK_NEAR(f.overall_percent, real_of(&t, "util_pct"), 0, 0.0005000001);
    }
    CHECK_INT(rows, 574);
}

const vsh_test vsh_tests[] = {
    {"every_row_of_the_tool_is_reproduced_bit_for_bit",
     every_row_of_the_tool_is_reproduced_bit_for_bit},
    {"every_row_of_the_lookup_table_is_reproduced", every_row_of_the_lookup_table_is_reproduced},
    {NULL, NULL},
};
