#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "core/explain.h"
#include "sim/bar.h"
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

    vsh_text_add(out, "\n  Where the cycles of the matrix unit%s went\n",
                 a->machine.units == 1 ? "" : "s");
    print_share("rows enter", c->streaming, whole, out);
    for (int i = 0; i < SIM_IDLE_CAUSES; i++)
        if (c->idle[i])
            print_share(words[i], c->idle[i], whole, out);
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

static void print_count(const char *what, int64_t value, const char *note, vsh_text *out)
{
    vsh_text_add(out, "  %-17s %17s%s%s\n", what, vsh_show_integer(value).text, *note ? "   " : "",
                 note);
}

void sim_gemm_print(const sim_gemm_answer *a, vsh_term term, vsh_text *out)
{
    const sim_counts *c = &a->counts;
    const sim_product *p = &a->product;

    vsh_text_add(out, "\n  %s%s x %s by %s x %s%s", vsh_term_bold(term),
                 vsh_show_integer(p->m).text, vsh_show_integer(p->k).text,
                 vsh_show_integer(p->k).text, vsh_show_integer(p->n).text, vsh_term_plain(term));
    if (a->count > 1)
        vsh_text_add(out, ", %s times", vsh_show_integer(a->count).text);
    vsh_text_add(out, "\n  Machine   ");
    vsh_text_wrap(out, a->title, 12, 80);
    vsh_text_add(out, "  Memory    ");
    print_memory(a, out);
    vsh_text_add(out, "\n  Engine    %s: %s\n\n", a->engine->name, a->engine->what);
    print_count("cycles", c->cycles,
                isfinite(a->hertz) ? vsh_show_time(sim_gemm_seconds(a)).text : "", out);
    print_count("  to the last MAC", c->last_mac, "", out);
    print_count("  stalled", a->stall_cycles, "more than with unlimited bandwidth", out);
    print_count("multiply-adds", c->macs, "", out);
    print_count("tiles", c->folds, "stationary, each streamed past once", out);
    print_count("bytes read", c->bytes_read, vsh_show_bytes((double)c->bytes_read).text, out);
    print_count("bytes written", c->bytes_written, vsh_show_bytes((double)c->bytes_written).text,
                out);
    vsh_text_add(out, "  %-17s %15.1f %%   of what the units could multiply\n", "utilization",
                 100 * a->utilization);
    vsh_text_add(out, "  %-17s %17s   %s\n", "bound", vsh_bound_names[a->bound],
                 a->bound == VSH_BOUND_FILL ? "nothing is busy for half of the time"
                                            : "busy longer than anything else");
    print_shares(a, out);
    vsh_text_put(out, "\n", 1);
}

enum { EXPLAINED_MAX = 24 };

static double busiest(const sim_gemm_answer *a)
{
    return fmax(fmax(a->matrix_busy, a->memory_busy), fmax(a->vector_busy, a->transpose_busy));
}

static int list_numbers(const sim_gemm_answer *a, vsh_explained *lines)
{
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
        {"macs", (double)c->macs, "", "M x N x K x count", machine, derived},
        {"utilization", a->utilization, "", "MACs / (cycles x units x R x C)", answer, derived},
        {"stall_cycles", (double)a->stall_cycles, "",
         "cycles - cycles of the closed engine with unlimited bandwidth, x count", answer, derived},
        {"matrix busy", a->matrix_busy, "cycles", "unit-cycles in which rows enter / units",
         machine, derived},
        {"memory busy", a->memory_busy, "cycles", "sum of ceil(bytes / bandwidth) over transfers",
         machine, derived},
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
        {"bytes_read", (double)c->bytes_read, "B", "blocks of lhs and rhs fetched, unless resident",
         machine, derived},
        {"bytes_written", (double)c->bytes_written, "B", "M x N x bytes, unless resident", machine,
         derived},
        {"idle", (double)c->cycles * (double)a->machine.units - (double)c->streaming, "unit-cycles",
         "units x cycles - unit-cycles in which rows enter, each by its first cause", machine,
         derived}};
    int count = 0;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (isfinite(all[i].value))
            lines[count++] = all[i];
    return count;
}

void sim_gemm_explain(const sim_gemm_answer *a, vsh_text *out)
{
    vsh_explained lines[EXPLAINED_MAX];

    vsh_explain_print(lines, list_numbers(a, lines), out);
}

static void write_question(const sim_gemm_answer *a, vsh_json *json)
{
    const sim_machine *m = &a->machine;
    const sim_product *p = &a->product;
    char array[48];

    snprintf(array, sizeof array, "%" PRId64 "x%" PRId64, m->rows, m->cols);
    vsh_json_string(json, "machine", a->title);
    vsh_json_integer(json, "m", p->m);
    vsh_json_integer(json, "n", p->n);
    vsh_json_integer(json, "k", p->k);
    vsh_json_integer(json, "count", a->count);
    vsh_json_array(json, "block");
    vsh_json_integer(json, NULL, p->block_m);
    vsh_json_integer(json, NULL, p->block_n);
    vsh_json_integer(json, NULL, p->block_k);
    vsh_json_end(json);
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
    vsh_json_integer(json, "macs", c->macs);
    vsh_json_real(json, "utilization", a->utilization);
    vsh_json_integer(json, "stall_cycles", a->stall_cycles);
    vsh_json_string(json, "bound", vsh_bound_names[a->bound]);
    vsh_json_integer(json, "tiles", c->folds);
    vsh_json_integer(json, "bytes_read", c->bytes_read);
    vsh_json_integer(json, "bytes_written", c->bytes_written);
    vsh_json_integer(json, "streaming", c->streaming);
    vsh_json_object(json, "idle");
    for (int i = 0; i < SIM_IDLE_CAUSES; i++)
        vsh_json_integer(json, sim_idle_words[i], c->idle[i]);
    vsh_json_end(json);
    if (explain)
        vsh_explain_write(lines, list_numbers(a, lines), json);
    vsh_json_end(json);
}
