#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/named.h"
#include "core/precision.h"
#include "sim/gemm_answer.h"
#include "sim/cpu.h"
#include "sim/gpu.h"
#include "sim/product.h"
#include "sim/sim_commands.h"

enum { SIDES_MAX = 3, ARRAY_SIDE_MAX = 65536 };
/* Whole numbers up to here are exact in the double that a number is read into. */
static const double side_max = 9e15;

/* "128x64": count whole numbers from 1 to most. */
static bool parse_sides(const char *text, int count, double most, int64_t *sides)
{
    for (int i = 0; i < count; i++) {
        size_t length = i + 1 < count ? strcspn(text, "x") : strlen(text);
        char number[32];
        double value;

        if (length >= sizeof number)
            return false;
        memcpy(number, text, length);
        number[length] = '\0';
        if (!vsh_parse_si(number, &value) || value != floor(value) || value < 1 || value > most)
            return false;
        sides[i] = (int64_t)value;
        if (i + 1 < count && text[length] != 'x')
            return false;
        text += length + 1;
    }
    return true;
}

static vsh_status read_sides(const vsh_session *s, sim_gemm_answer *a, vsh_error *err)
{
    static const char *const names[] = {"M", "N", "K"};
    int64_t side[SIDES_MAX];

    if (s->operand_count < SIDES_MAX)
        return vsh_fail(err, VSH_EINPUT, "gemm: expected M N K such as 512 768 768, got %d word%s",
                        s->operand_count, s->operand_count == 1 ? "" : "s");
    for (int i = 0; i < SIDES_MAX; i++)
        if (!parse_sides(s->operands[i], 1, side_max, &side[i]))
            return vsh_fail(err, VSH_EINPUT,
                            "%s: expected a whole number from 1 to %.10g, got \"%.80s\"", names[i],
                            side_max, s->operands[i]);
    a->m = side[0];
    a->n = side[1];
    a->k = side[2];
    a->product = sim_whole_product(a->m, a->n, a->k);
    return VSH_OK;
}

static vsh_status read_block(const char *text, sim_product *p, vsh_error *err)
{
    int64_t block[SIDES_MAX];

    if (!text)
        return VSH_OK;
    if (!parse_sides(text, SIDES_MAX, side_max, block))
        return vsh_fail(err, VSH_EINPUT,
                        "--block: expected MxNxK such as 512x512x1024, got \"%.80s\"", text);
    /* a block larger than the product is the product */
    p->block_m = block[0] < p->m ? block[0] : p->m;
    p->block_n = block[1] < p->n ? block[1] : p->n;
    p->block_k = block[2] < p->k ? block[2] : p->k;
    return VSH_OK;
}

/* "lhs,out". */
static vsh_status read_resident(const char *text, sim_product *p, vsh_error *err)
{
    static const char *const words[SIM_OPERANDS] = {"lhs", "rhs", "out"};
    char word[32], suggestion[160];

    for (bool more = text != NULL; more;) {
        size_t length = strcspn(text, ",");
        int which = 0;

        snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word),
                 text);
        while (which < SIM_OPERANDS && strcmp(words[which], word) != 0)
            which++;
        if (which == SIM_OPERANDS) {
            vsh_suggest(suggestion, sizeof suggestion, word, words, SIM_OPERANDS);
            return vsh_fail(err, VSH_EINPUT,
                            "--resident: expected any of lhs,rhs,out, got \"%s\"%s", word,
                            suggestion);
        }
        p->resident[which] = true;
        more = text[length] == ',';
        text += length + 1;
    }
    return VSH_OK;
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Bytes a cycle as a ratio of whole numbers, to six decimals. */
static void set_bandwidth(sim_machine *machine, double bandwidth)
{
    int64_t den = 1, divisor;

    while (den < 1000000 && fabs(bandwidth * (double)den - round(bandwidth * (double)den)) >
                                1e-9 * bandwidth * (double)den)
        den *= 10;
    machine->bytes_num = (int64_t)round(bandwidth * (double)den);
    divisor = common_divisor(machine->bytes_num, den);
    machine->bytes_num /= divisor;
    machine->bytes_den = den / divisor;
}

/* A bare array; its memory is ideal unless --bandwidth says otherwise. */
static vsh_status gemm_on_array(vsh_session *s, sim_gemm_answer *a, vsh_error *err)
{
    const sim_config *c = s->config;
    vsh_precision precision = c->precision < 0 ? VSH_FP32 : (vsh_precision)c->precision;
    sim_dataflow dataflow = c->dataflow < 0 ? SIM_WS : (sim_dataflow)c->dataflow;
    vsh_text title = {.arena = s->arena};
    int64_t side[2];

    if (c->refresh)
        return vsh_fail(err, VSH_EINPUT, "--refresh: only with --hw auto");
    if (!parse_sides(c->array, 2, ARRAY_SIDE_MAX, side))
        return vsh_fail(err, VSH_EINPUT,
                        "--array: expected rows x columns from 1x1 to 65536x65536 such as 128x128, "
                        "got \"%.80s\"",
                        c->array);
    if (c->split == SIM_SPLIT_ROWS && dataflow == SIM_OS)
        return vsh_fail(err, VSH_EINPUT, "--split: rows are not split with --dataflow os");
    a->machine =
        sim_mesh(side[0], side[1], dataflow, c->weights < 0 ? SIM_SERIAL : (sim_policy)c->weights);
    if (c->buffers)
        a->machine.buffers = c->buffers;
    if (isfinite(c->bandwidth))
        set_bandwidth(&a->machine, c->bandwidth);
    a->product.element_bytes[SIM_LHS] = a->product.element_bytes[SIM_RHS] =
        vsh_operand_bytes(precision);
    a->product.element_bytes[SIM_OUT] = vsh_activation_bytes(precision);
    vsh_text_add(&title, "%lld x %lld, %s, %s weights, %s", (long long)side[0], (long long)side[1],
                 sim_dataflow_words[dataflow], sim_policy_words[a->machine.policy],
                 vsh_precision_words[precision]);
    a->title = vsh_text_string(&title);
    return sim_gemm_solve(s->arena, a, err);
}

/* That of the operands, and of the products where the chip has none such. */
static void add_precision(const sim_chip *chip, vsh_text *title)
{
    vsh_text_add(title, ", %s", vsh_precision_words[chip->precision]);
    if (chip->computed != chip->precision)
        vsh_text_add(title, ", computed as %s", vsh_precision_words[chip->computed]);
}

/* A TPU: its share of the product, in the block that was asked for or the best that fits. */
static vsh_status gemm_on_tpu(vsh_session *s, const sim_chip *chip, sim_gemm_answer *a,
                              vsh_error *err)
{
    const sim_config *c = s->config;
    vsh_text title = {.arena = s->arena};
    sim_gemm gemm = {
        .m = a->m, .n = a->n, .k = a->k, .terms = {.near = true, .split_given = c->split >= 0}};

    if (c->split >= 0)
        gemm.terms.split = (sim_split)c->split;
    memcpy(gemm.resident, a->product.resident, sizeof gemm.resident);
    if (c->block) {
        gemm.block[0] = a->product.block_m;
        gemm.block[1] = a->product.block_n;
        gemm.block[2] = a->product.block_k;
    }
    VSH_TRY(sim_gemm_answer_on_tpu(s->arena, chip, &gemm, a, err));
    vsh_text_add(&title, "%s: %lld core%s of %lld unit%s, %lld x %lld each", chip->hardware->name,
                 (long long)chip->cores, chip->cores == 1 ? "" : "s", (long long)a->machine.units,
                 a->machine.units == 1 ? "" : "s", (long long)a->machine.rows,
                 (long long)a->machine.cols);
    add_precision(chip, &title);
    a->title = vsh_text_string(&title);
    return VSH_OK;
}

/* What a library's kernel does cannot be told how. */
static vsh_status refuse_blocking(const sim_config *c, const vsh_hardware *h, vsh_error *err)
{
    const char *given = c->block        ? "block"
                        : c->resident   ? "resident"
                        : c->split >= 0 ? "split"
                                        : NULL;

    return given ? vsh_fail(err, VSH_EINPUT, "--%s: %s is a %s; its library chooses", given,
                            h->name, vsh_hardware_kind_words[h->kind])
                 : VSH_OK;
}

/* A GPU: the tile of out that a library would choose, dealt over the SMs. */
static vsh_status gemm_on_gpu(vsh_session *s, const sim_chip *chip, sim_gemm_answer *a,
                              vsh_error *err)
{
    const vsh_hardware *h = chip->hardware;
    vsh_text title = {.arena = s->arena};
    sim_gpu_result r;
    double stalls; /* of the SM that works longest */

    VSH_TRY(sim_gpu_product(s->arena, h, chip->precision, a->m, a->n, a->k, a->engine, &r, err));
    stalls = (double)r.waves * (double)r.product.k *
             (fmax(r.pace.matrix, fmax(r.pace.cache, r.pace.memory)) - r.pace.matrix);
    a->machine = r.machine;
    a->product = r.product;
    a->counts = r.counts;
    vsh_text_add(&title, "%s: %lld SMs, tiles of %lld x %lld", h->name, (long long)r.machine.units,
                 (long long)r.tiling.rows, (long long)r.tiling.cols);
    if (r.tiling.splits > 1)
        vsh_text_add(&title, ", k in %lld parts", (long long)r.tiling.splits);
    vsh_text_add(&title, ", %lld wave%s", (long long)r.waves, r.waves == 1 ? "" : "s");
    add_precision(chip, &title);
    vsh_text_add(&title, "; next best: %lld x %lld, k in %lld, %s", (long long)r.runner_up.rows,
                 (long long)r.runner_up.cols, (long long)r.runner_up.splits,
                 vsh_show_time(r.runner_up.seconds).text);
    a->title = vsh_text_string(&title);
    return sim_gemm_conclude_kernel(
        a,
        &(sim_kernel_time){.seconds = r.seconds,
                           .compute_cycles = r.seconds * chip->clock.v - stalls,
                           .matrix_cycles = r.matrix_cycles,
                           .memory_cycles = r.memory_cycles,
                           .around = SIM_IDLE_OVERHEAD},
        err);
}

/* A CPU: register tiles dealt over the cores, operands packed where that is faster. */
static vsh_status gemm_on_cpu(vsh_session *s, const sim_chip *chip, sim_gemm_answer *a,
                              vsh_error *err)
{
    vsh_text title = {.arena = s->arena};
    sim_cpu_result r;

    VSH_TRY(sim_cpu_product(s->arena, chip->hardware, chip->precision, a->m, a->n, a->k, a->engine,
                            &r, err));
    a->machine = r.machine;
    a->product = r.product;
    a->counts = r.counts;
    vsh_text_add(&title, "%s: register tiles of %lld x %lld on ", chip->hardware->name,
                 (long long)r.machine.rows, (long long)r.machine.cols);
    if (chip->hardware->matrix_units.known)
        vsh_text_add(&title, "%lld core%s", (long long)r.machine.units,
                     r.machine.units == 1 ? "" : "s");
    else
        vsh_text_add(&title, "the whole chip as one");
    vsh_text_add(&title, ", %s", r.packed ? "operands packed" : "operands as they lie");
    add_precision(chip, &title);
    a->title = vsh_text_string(&title);
    return sim_gemm_conclude_kernel(a,
                                    &(sim_kernel_time){.seconds = r.seconds,
                                                       .compute_cycles = (double)r.counts.cycles,
                                                       .matrix_cycles = r.matrix_cycles,
                                                       .memory_cycles = r.memory_cycles,
                                                       .around = SIM_IDLE_MEMORY},
                                    err);
}

/* The matrix units of a profile, with its memory system. */
static vsh_status gemm_on_chip(vsh_session *s, sim_gemm_answer *a, vsh_error *err)
{
    const sim_config *c = s->config;
    vsh_hardware *h = vsh_alloc(s->arena, 1, sizeof *h);
    sim_chip chip;

    if (!h)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_named_hardware(s, c->hw, c->refresh, h, err));
    VSH_TRY(sim_chip_from(h, sim_precision(c->precision, h), &chip, err));
    a->macs_a_cycle = sim_chip_macs_a_cycle(&chip);
    if (sim_chip_caveat(h))
        vsh_text_add(&s->talk, "vishwa-sim: %s: %s\n", h->name, sim_chip_caveat(h));
    a->hardware = h;
    a->hertz = chip.clock.v;
    a->clock = h->matrix_clock.source;
    a->dispatch = vsh_figure_or(&h->kernel_dispatch, (double)NAN);
    if (h->kind == VSH_TPU)
        return gemm_on_tpu(s, &chip, a, err);
    VSH_TRY(refuse_blocking(c, h, err));
    return h->kind == VSH_GPU ? gemm_on_gpu(s, &chip, a, err) : gemm_on_cpu(s, &chip, a, err);
}

/* Either a profile, which says how its units work, or an array and how it works. */
static vsh_status check_machine(const sim_config *c, vsh_error *err)
{
    const struct {
        const char *name;
        bool given;
    } of_array[] = {{"dataflow", c->dataflow >= 0},
                    {"weights", c->weights >= 0},
                    {"bandwidth", isfinite(c->bandwidth)},
                    {"buffers", c->buffers != 0}};

    if (!c->hw == !c->array)
        return vsh_fail(err, VSH_EINPUT, "gemm: expected either --hw P or --array RxC, got %s",
                        c->hw ? "both" : "neither");
    for (size_t i = 0; c->hw && i < sizeof of_array / sizeof of_array[0]; i++)
        if (of_array[i].given)
            return vsh_fail(err, VSH_EINPUT, "--%s: only with --array; a profile has its own",
                            of_array[i].name);
    return VSH_OK;
}

vsh_status sim_run_gemm(vsh_session *s, vsh_error *err)
{
    const sim_config *c = s->config;
    sim_gemm_answer a = {.engine = &sim_engines[c->engine],
                         .count = c->count,
                         .cores = 1,
                         .hertz = NAN,
                         .dispatch = NAN};

    VSH_TRY(read_sides(s, &a, err));
    VSH_TRY(check_machine(c, err));
    VSH_TRY(read_block(c->block, &a.product, err));
    VSH_TRY(read_resident(c->resident, &a.product, err));
    if (c->split >= 0)
        a.product.split = (sim_split)c->split;
    VSH_TRY(c->hw ? gemm_on_chip(s, &a, err) : gemm_on_array(s, &a, err));
    if (s->common->json) {
        vsh_json json = {.out = &s->out};
        sim_gemm_write_json(&a, s->common->explain, &json);
        return VSH_OK;
    }
    sim_gemm_print(&a, s->term, &s->out);
    if (s->common->explain)
        sim_gemm_explain(&a, &s->out);
    return VSH_OK;
}
