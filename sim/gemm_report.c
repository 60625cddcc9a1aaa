#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/explain.h"
#include "sim/bar.h"
#include "sim/chip_explain.h"
#include "sim/gemm_answer.h"

enum { BAR_COLUMNS = 36 };

/* Unit-cycles as a share of them all. */
static void print_share(const char *what, int64_t part, double whole, vsh_text *out)
{
    double share = (double)part / whole;

    vsh_text_add(out, "    %-30s %5.1f %%  ", what, 100 * share);
    sim_bar(share, BAR_COLUMNS, out);
    vsh_text_put(out, "\n", 1);
}

/* Where the time of the units went; the parts sum to all of it. */
static void print_shares(const sim_gemm_answer *a, vsh_text *out)
{
    static const char *const words[SIM_IDLE_CAUSES] = {
        [SIM_IDLE_BUBBLE] = "gap between tiles",
        [SIM_IDLE_HEAD] = "the first operands' way in",
        [SIM_IDLE_MEMORY] = "waiting for memory",
        [SIM_IDLE_OVERHEAD] = "beginning a block",
        [SIM_IDLE_VECTOR] = "waiting for the vector unit",
        [SIM_IDLE_WEIGHTS] = "changing the stationary tile",
        [SIM_IDLE_FILL] = "fill and drain",
        [SIM_IDLE_UNITS] = "waiting for the other units",
        [SIM_IDLE_TAIL] = "the last results' way out"};
    const sim_counts *c = &a->counts;
    double whole = (double)c->cycles * (double)a->machine.units;
    bool lumped = !a->kernel && a->engine == &sim_engines[SIM_CLOSED]; /* not told apart */
    sim_counts shown = *c;

    if (a->machine.dataflow == SIM_OS) { /* results stand still: a change is a drain and a fill */
        shown.idle[SIM_IDLE_FILL] += shown.idle[SIM_IDLE_WEIGHTS];
        shown.idle[SIM_IDLE_WEIGHTS] = 0;
    }

    vsh_text_add(out, "\n  Where the cycles of the matrix unit%s went\n",
                 a->machine.units == 1 ? "" : "s");
    print_share("rows enter", c->streaming, whole, out);
    for (int i = 0; i < SIM_IDLE_CAUSES; i++)
        if (shown.idle[i])
            print_share(i == SIM_IDLE_OVERHEAD && a->kernel ? "adding the parts of k"
                        : i == SIM_IDLE_FILL && lumped      ? "fill, drain and gaps of tiles"
                                                            : words[i],
                        shown.idle[i], whole, out);
}

static void print_memory(const sim_gemm_answer *a, vsh_text *out)
{
    const sim_machine *m = &a->machine;

    if (m->bytes_num)
        vsh_text_add(out, "%s bytes a cycle, %lld buffer%s an operand",
                     vsh_show_real((double)m->bytes_num / (double)m->bytes_den).text,
                     (long long)m->buffers, m->buffers == 1 ? "" : "s");
    else
        vsh_text_add(out, "never waited for");
}

static void print_block(const char *what, const sim_product *p, int64_t cycles, vsh_text *out)
{
    char line[200];
    int length = snprintf(line, sizeof line, "%lld x %lld x %lld, %s outermost, units share %s",
                          (long long)p->block_m, (long long)p->block_n, (long long)p->block_k,
                          p->n_outer ? "n" : "m", sim_split_words[p->split]);

    if (cycles)
        snprintf(line + length, sizeof line - (size_t)length, ": %s cycles",
                 vsh_show_integer(cycles).text);
    vsh_text_add(out, "  %-9s ", what);
    vsh_text_wrap(out, line, 12, 80);
}

/* Of a chip: the block chosen, and the next best. */
static void print_blocks(const sim_gemm_answer *a, vsh_text *out)
{
    const sim_product *p = &a->product;
    bool whole = p->block_m == p->m && p->block_n == p->n && p->block_k == p->k;

    if (!a->kernel && (!whole || a->runner_up_cycles))
        print_block("Block", p, 0, out);
    if (a->runner_up_cycles)
        print_block("Runner-up", &a->runner_up, a->runner_up_cycles, out);
}

static void print_count(const char *what, int64_t value, const char *note, vsh_text *out)
{
    vsh_text_add(out, "  %-17s %17s%s%s\n", what, vsh_show_integer(value).text, *note ? "   " : "",
                 note);
}

void sim_gemm_print(const sim_gemm_answer *a, vsh_term term, vsh_text *out)
{
    const sim_counts *c = &a->counts;
    vsh_text_add(out, "\n  %s%s x %s by %s x %s%s", vsh_term_bold(term),
                 vsh_show_integer(a->m).text, vsh_show_integer(a->k).text,
                 vsh_show_integer(a->k).text, vsh_show_integer(a->n).text, vsh_term_plain(term));
    if (a->count > 1)
        vsh_text_add(out, ", %s times", vsh_show_integer(a->count).text);
    vsh_text_add(out, "\n  Machine   ");
    vsh_text_wrap(out, a->title, 12, 80);
    if (!a->kernel) { /* of a kernel the memory's share is in its pace */
        vsh_text_add(out, "  Memory    ");
        print_memory(a, out);
        vsh_text_put(out, "\n", 1);
    }
    vsh_text_add(out, "  Engine    %s: %s\n", a->engine->name, a->engine->what);
    print_blocks(a, out);
    vsh_text_put(out, "\n", 1);
    print_count("cycles", c->cycles,
                isfinite(a->hertz) ? vsh_show_time(sim_gemm_seconds(a)).text : "", out);
    if (isfinite(a->dispatch))
        vsh_text_add(out, "  %-17s %17s   called from the host and awaited\n", "  with dispatch",
                     vsh_show_time(sim_gemm_seconds(a) + a->dispatch).text);
    print_count("  to the last MAC", c->last_mac, "", out);
    print_count("  stalled", a->stall_cycles, "more than with unlimited bandwidth", out);
    print_count("multiply-adds", a->macs, "", out);
    print_count("tiles", c->folds, "stationary, each streamed past once", out);
    print_count("bytes read", a->bytes_read, vsh_show_bytes((double)a->bytes_read).text, out);
    print_count("bytes written", a->bytes_written, vsh_show_bytes((double)a->bytes_written).text,
                out);
    vsh_text_add(out, "  %-17s %15.1f %%   of what the units could multiply\n", "utilization",
                 100 * a->utilization);
    vsh_text_add(out, "  %-17s %17s   %s\n", "bound", vsh_bound_names[a->bound],
                 a->bound == VSH_BOUND_FILL ? "nothing is busy for half of the time"
                                            : "busy longer than anything else");
    print_shares(a, out);
    vsh_text_put(out, "\n", 1);
}

enum { EXPLAINED_MAX = 24 + VSH_HARDWARE_ROWS };

static double busiest(const sim_gemm_answer *a)
{
    return fmax(fmax(a->matrix_busy, a->memory_busy), fmax(a->vector_busy, a->transpose_busy));
}

/* Formulas of what a kind of machine counts in its own way. */
typedef struct {
    const char *utilization, *stalls, *matrix, *memory, *read, *written, *file;
} own_formulas;

static const own_formulas of_array = {
    "MACs / (cycles x units x R x C / cycles a row takes)",
    "cycles - cycles of the closed engine with unlimited bandwidth, x count",
    "unit-cycles in which rows enter / units",
    "sum of ceil(bytes / bandwidth) over transfers",
    "blocks of lhs and rhs fetched, unless resident",
    "M x N x bytes, unless resident",
    "sim/machine.h"};

static const own_formulas of_gpu = {
    "MACs / (cycles x multiply-adds a cycle at the peak)",
    "waves x k of a part x (pace - the multiply-adds' pace)",
    "unit-cycles in which rows enter / SMs x multiply-adds' pace / pace",
    "the longer of bytes through DRAM / (bandwidth x efficiency) and what the tiles' operands take "
    "from the cache into an SM, mean over the SMs",
    "lhs and rhs once where half of the cache holds one; else each wave's rows and columns",
    "M x N x bytes",
    "sim/gpu.h"};

static const own_formulas of_cpu = {
    "MACs / (cycles x multiply-adds a cycle at the peak)",
    "cycles - cycles of the tiles",
    "unit-cycles in which rows enter / cores",
    "bytes read and written / bandwidth",
    "packed: lhs and rhs once; else lhs once, rhs for each tile of rows",
    "M x N x bytes, and packed operands",
    "sim/cpu.h"};

static const own_formulas *formulas(const sim_gemm_answer *a)
{
    if (!a->kernel)
        return &of_array;
    return a->hardware->kind == VSH_GPU ? &of_gpu : &of_cpu;
}

/* GPUs and CPUs have no such unit here. */
static bool of_array_only(const char *name)
{
    return strcmp(name, "vector busy") == 0 || strcmp(name, "transposes busy") == 0;
}

static int list_numbers(const sim_gemm_answer *a, vsh_explained *lines)
{
    const own_formulas *own = formulas(a);
    static const char machine[] = "sim/machine.h", answer[] = "sim/gemm_answer.c",
                      derived[] = "derived";
    const sim_counts *c = &a->counts;
    const vsh_explained all[] = {
        {"cycles", (double)c->cycles, "",
         "first operand in to last result out and written back, of one execution x count", machine,
         derived},
        {"cycles_to_last_mac", (double)c->last_mac, "", "end of the last multiply-add", machine,
         derived},
        {"clock", a->hertz, "Hz", "profile", a->clock, "specification"},
        {"time_s", sim_gemm_seconds(a), "s", "cycles / clock", answer, derived},
        {"macs", (double)a->macs, "", "M x N x K x count", machine, derived},
        {"utilization", a->utilization, "", own->utilization, answer, derived},
        {"stall_cycles", (double)a->stall_cycles, "", own->stalls, a->kernel ? own->file : answer,
         derived},
        {"matrix busy", a->matrix_busy, "cycles", own->matrix, own->file, derived},
        {"memory busy", a->memory_busy, "cycles", own->memory, own->file, derived},
        {"vector busy", a->vector_busy, "cycles", "sum of ceil(results / vector rate) over tiles",
         machine, derived},
        {"transposes busy", a->transpose_busy, "cycles",
         "ceil(m / R) x ceil(k / R) x cycles of one of a block, over blocks", machine, derived},
        {"bound", busiest(a) / (double)c->cycles, vsh_bound_names[a->bound],
         "share of the cycles of what is busy longest, transposes as vector; fill if under "
         "half",
         answer, derived},
        {"tiles", (double)c->folds, "",
         a->machine.dataflow == SIM_OS   ? "ceil(m / R) x ceil(n / C) of a block, over blocks"
         : a->machine.dataflow == SIM_IS ? "ceil(k / R) x ceil(m / C) of a block, over blocks"
                                         : "ceil(k / R) x ceil(n / C) of a block, over blocks",
         machine, derived},
        {"bytes_read", (double)a->bytes_read, "B", own->read, own->file, derived},
        {"bytes_written", (double)a->bytes_written, "B", own->written, own->file, derived},
        {"idle", (double)c->cycles * (double)a->machine.units - (double)c->streaming, "unit-cycles",
         "units x cycles - unit-cycles in which rows enter, each by its first cause", machine,
         derived}};
    int count = 0;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (isfinite(all[i].value) && !(a->kernel && of_array_only(all[i].name)))
            lines[count++] = all[i];
    return a->hardware ? count + sim_chip_explain(a->hardware, lines + count) : count;
}

void sim_gemm_explain(const sim_gemm_answer *a, vsh_text *out)
{
    vsh_explained lines[EXPLAINED_MAX];

    vsh_explain_print(lines, list_numbers(a, lines), out);
}

static void write_block(const char *key, const sim_product *p, vsh_json *json)
{
    vsh_json_array(json, key);
    vsh_json_integer(json, NULL, p->block_m);
    vsh_json_integer(json, NULL, p->block_n);
    vsh_json_integer(json, NULL, p->block_k);
    vsh_json_end(json);
}

static void write_question(const sim_gemm_answer *a, vsh_json *json)
{
    const sim_machine *m = &a->machine;
    const sim_product *p = &a->product;
    char array[48];

    snprintf(array, sizeof array, "%" PRId64 "x%" PRId64, m->rows, m->cols);
    vsh_json_string(json, "machine", a->title);
    vsh_json_integer(json, "m", a->m);
    vsh_json_integer(json, "n", a->n);
    vsh_json_integer(json, "k", a->k);
    vsh_json_integer(json, "count", a->count);
    write_block("block", p, json);
    if (a->runner_up_cycles) {
        write_block("runner_up_block", &a->runner_up, json);
        vsh_json_integer(json, "runner_up_cycles", a->runner_up_cycles);
    }
    vsh_json_integer(json, "cores", a->cores);
    vsh_json_string(json, "array", array);
    vsh_json_integer(json, "units", m->units);
    vsh_json_string(json, "dataflow", sim_dataflow_words[m->dataflow]);
    vsh_json_string(json, "weights", sim_policy_words[m->policy]);
    vsh_json_known(json, "bytes_per_cycle",
                   m->bytes_num ? (double)m->bytes_num / (double)m->bytes_den : (double)NAN);
}

void sim_gemm_write_json(const sim_gemm_answer *a, bool explain, vsh_json *json)
{
    const sim_counts *c = &a->counts;
    vsh_explained lines[EXPLAINED_MAX];

    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    vsh_json_string(json, "engine", a->engine->name);
    write_question(a, json);
    vsh_json_integer(json, "cycles", c->cycles);
    vsh_json_integer(json, "cycles_to_last_mac", c->last_mac);
    vsh_json_known(json, "time_s", sim_gemm_seconds(a));
    vsh_json_known(json, "time_with_dispatch_s", sim_gemm_seconds(a) + a->dispatch);
    vsh_json_integer(json, "macs", a->macs);
    vsh_json_real(json, "utilization", a->utilization);
    vsh_json_integer(json, "stall_cycles", a->stall_cycles);
    vsh_json_string(json, "bound", vsh_bound_names[a->bound]);
    vsh_json_integer(json, "tiles", c->folds);
    vsh_json_integer(json, "bytes_read", a->bytes_read);
    vsh_json_integer(json, "bytes_written", a->bytes_written);
    vsh_json_integer(json, "streaming", c->streaming);
    vsh_json_object(json, "idle");
    for (int i = 0; i < SIM_IDLE_CAUSES; i++)
        vsh_json_integer(json, sim_idle_words[i], c->idle[i]);
    vsh_json_end(json);
    if (explain)
        vsh_explain_write(lines, list_numbers(a, lines), json);
    vsh_json_end(json);
}
