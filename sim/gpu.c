#include "sim/gpu.h"

#include <assert.h>
#include <math.h>

#include "sim/whole.h"

/* The thread block tiles that cuBLAS has for tensor cores (NVIDIA, "Matrix Multiplication
 * Background", section 2.3: Typical Tile Dimensions In cuBLAS). */
static const struct {
    int64_t rows, cols;
} tiles[] = {{256, 128}, {128, 256}, {128, 128}, {256, 64},
             {64, 256},  {128, 64},  {64, 128},  {64, 64}};

enum { TILE_MOST = 256 };

/* Into how many parts k is split when the tiles are fewer than this many waves, and how short a
 * part may be; a part is whole slices. The slice is CUTLASS's usual one. */
static const int64_t splits[] = {1, 2, 3, 4, 6, 8, 12, 16};
enum { SPLIT_WAVES_MAX = 2, SPLIT_K_MIN = 256, SLICE = 64 };

/* Partial sums are fp32. */
enum { PARTIAL_BYTES = 4 };

/* The pace is a fraction of this many parts of a cycle. */
enum { PACE_PARTS = 1024 };

/* Beyond these multiply-adds sides rounded up to tiles could pass 63 bits. */
static const double macs_max = 1e18;

/* The figures of a profile as the model uses them. */
typedef struct {
    int64_t units;
    double clock;
    double macs;         /* of an SM a cycle, held over a long product */
    double cache_bytes;  /* capacity */
    double operands;     /* bytes a cycle into an SM; infinite when unknown */
    double memory_bytes; /* a cycle, of the whole chip */
    double overhead, dispatch;
} chip;

/* What a kernel runs, and what its elements take. */
typedef struct {
    const sim_gpu_kernel *kernel;
    bool one;          /* a single product: its last rows need no whole tile */
    int64_t m, k;      /* the most rows of a product; mean over the products */
    int64_t longest_k; /* of a product */
    int64_t n;
    double rows; /* of all products together */
    double macs;
    double operand_bytes, out_bytes;
} shape;

static vsh_status read_chip(const vsh_hardware *h, vsh_precision precision, chip *c, vsh_error *err)
{
    vsh_precision used;
    double peak = vsh_hardware_peak(h, precision, &used)->value;

    if (!h->matrix_units.known || !h->matrix_clock.known)
        return vsh_fail(err, VSH_EINPUT, "%s: no matrix.units and matrix.clock in this profile",
                        h->name);
    *c = (chip){.units = llround(h->matrix_units.value),
                .clock = h->matrix_clock.value,
                .cache_bytes = vsh_figure_or(&h->cache_bytes, INFINITY),
                .operands = vsh_figure_or(&h->operands, INFINITY),
                .overhead = vsh_figure_or(&h->kernel_overhead, 0),
                .dispatch = vsh_figure_or(&h->kernel_dispatch, 0)};
    c->macs = vsh_figure_or(&h->matrix_efficiency, 1) * peak / (2 * c->clock * (double)c->units);
    c->memory_bytes = vsh_hardware_memory_rate(h).v / c->clock;
    return VSH_OK;
}

/* Reads from DRAM. When one operand stays in the cache (which it shares with the stream of the
 * other) each is read once; else a wave reads the rows and the columns of the part of out it
 * covers, as near a square as the shape lets it be. */
static double group_reads(const chip *c, const shape *s, const sim_gpu_group *g, double tile_area)
{
    double m = (double)g->m, n = (double)s->n, k = (double)g->k;
    double lhs = m * k * s->operand_bytes, rhs = n * k * s->operand_bytes;
    double covered = tile_area * (double)c->units, side = sqrt(covered), rows, cols;

    if (fmin(lhs, rhs) <= c->cache_bytes / 2)
        return lhs + rhs;
    rows = m < side ? m : fmin(m, covered / fmin(n, side));
    cols = fmin(n, covered / rows);
    return lhs * (n / cols) + rhs * (m / rows);
}

static double written_bytes(const shape *s) { return s->rows * (double)s->n * s->out_bytes; }

static double dram_bytes(const chip *c, const shape *s, double tile_area)
{
    const sim_gpu_kernel *kernel = s->kernel;
    double bytes = written_bytes(s);

    if (kernel->lhs_in_registers)
        return kernel->least_bytes;
    for (int64_t i = 0; i < kernel->groups; i++)
        bytes += (double)kernel->group[i].times * group_reads(c, s, &kernel->group[i], tile_area);
    return fmax(bytes, kernel->least_bytes);
}

/* An lhs in registers keeps its rows' operand in the SM; only the other streams. */
static sim_gpu_pace pace_of(const chip *c, const shape *s, const sim_gpu_tiling *t, double bytes,
                            double streamed)
{
    double rows = s->kernel->lhs_in_registers ? 0 : (double)sim_min(t->rows, s->m);
    double cols = (double)sim_min(t->cols, s->n);

    return (sim_gpu_pace){.matrix = (double)(t->rows * t->cols) / c->macs,
                          .cache = (rows + cols) * s->operand_bytes / c->operands,
                          .memory = bytes / c->memory_bytes / streamed};
}

/* Seconds to write the parts' sums into the cache, read them again and write out, by a kernel (or
 * the last thread blocks) of their own. */
static double merge_seconds(const chip *c, const shape *s, int64_t parts)
{
    double bytes = 2.0 * PARTIAL_BYTES * (double)parts * s->rows * (double)s->n;

    return parts == 1 ? 0 : (bytes / (c->operands * (double)c->units) + c->overhead) / c->clock;
}

/* Rows of one part of k, of all products below each other, each rounded up to whole tiles. */
static int64_t padded_rows(const shape *s, int64_t tile)
{
    int64_t rows = 0;

    for (int64_t i = 0; i < s->kernel->groups; i++)
        rows += s->kernel->group[i].times * sim_round_up(s->kernel->group[i].m, tile);
    return rows;
}

/* Fills machine, product, pace and waves for one tiling. */
static void set_up(const chip *c, const shape *s, const sim_gpu_tiling *t, sim_gpu_result *r)
{
    int64_t parts = t->splits, k, part_k;
    int64_t rows = parts == 1 && s->one ? s->m : parts * padded_rows(s, t->rows);
    double slowest;

    r->dram_bytes = dram_bytes(c, s, (double)(t->rows * t->cols));
    r->waves = sim_ceil_div(sim_ceil_div(rows, t->rows) * sim_ceil_div(s->n, t->cols), c->units);
    k = sim_max(s->k, sim_ceil_div(s->longest_k, r->waves));
    part_k = sim_round_up(sim_ceil_div(k, parts), SLICE);
    r->pace = pace_of(c, s, t, r->dram_bytes, (double)r->waves * (double)part_k);
    slowest = fmax(fmax(r->pace.matrix, r->pace.cache), r->pace.memory);
    r->machine = sim_mesh(t->rows, t->cols, SIM_OS, SIM_SERIAL);
    r->machine.units = c->units;
    r->machine.pace_num = (int64_t)fmin(ceil(slowest * PACE_PARTS), 9e18);
    r->machine.pace_den = PACE_PARTS;
    r->machine.latency = r->machine.mac_latency = llround(c->overhead);
    r->product = sim_whole_product(rows, s->n, part_k);
    for (int i = 0; i < SIM_OPERANDS; i++)
        r->product.resident[i] = true; /* the pace has their traffic in it */
}

static vsh_status too_many_cycles(const shape *s, vsh_error *err)
{
    return vsh_fail(err, VSH_EINPUT, "%.0f x %lld x %lld: the cycles of this product pass 63 bits",
                    s->rows, (long long)s->n, (long long)s->k);
}

/* Whether the cycles of streaming, over all units and in parts, can be counted in 63 bits. */
static vsh_status check_counts(const sim_gpu_result *r, const shape *s, vsh_error *err)
{
    const sim_machine *m = &r->machine;
    double streamed = (double)r->waves * (double)m->units * (double)r->product.k;

    return streamed * (double)m->pace_num < 9e18 ? VSH_OK : too_many_cycles(s, err);
}

static vsh_status run(vsh_arena *arena, const chip *c, const shape *s, const sim_gpu_tiling *t,
                      sim_engine_run *engine, sim_gpu_result *r, vsh_error *err)
{
    set_up(c, s, t, r);
    VSH_TRY(check_counts(r, s, err));
    VSH_TRY(sim_check(&r->machine, &r->product, err));
    VSH_TRY(engine(arena, &r->machine, &r->product, &r->counts, err));
    r->tiling = *t;
    r->seconds = (double)r->counts.cycles / c->clock + merge_seconds(c, s, t->splits);
    r->tiling.seconds = r->seconds;
    return VSH_OK;
}

/* Whether a library would split k into this many parts. */
static bool worth_splitting(const chip *c, const shape *s, const sim_gpu_tiling *t)
{
    int64_t out_tiles = padded_rows(s, t->rows) / t->rows * sim_ceil_div(s->n, t->cols);

    return t->splits == 1 ||
           (out_tiles <= SPLIT_WAVES_MAX * c->units / t->splits && s->k / t->splits >= SPLIT_K_MIN);
}

/* The tile turned by a quarter takes about the same and says nothing new. */
static bool alike(const sim_gpu_tiling *a, const sim_gpu_tiling *b)
{
    return a->splits == b->splits && a->rows * a->cols == b->rows * b->cols &&
           sim_min(a->rows, a->cols) == sim_min(b->rows, b->cols);
}

static void rank(const sim_gpu_tiling *tried, sim_gpu_tiling best[2])
{
    bool first = tried->seconds < best[0].seconds;

    if (first && !alike(tried, &best[0]))
        best[1] = best[0];
    if (first)
        best[0] = *tried;
    else if (tried->seconds < best[1].seconds && !alike(tried, &best[0]))
        best[1] = *tried;
}

/* The fastest tiling, and the fastest of another tile or split. */
static vsh_status choose(vsh_arena *arena, const chip *c, const shape *s, sim_gpu_tiling best[2],
                         vsh_error *err)
{
    best[0] = best[1] = (sim_gpu_tiling){.seconds = INFINITY};
    for (size_t i = 0; i < sizeof tiles / sizeof tiles[0]; i++)
        for (size_t j = 0; j < sizeof splits / sizeof splits[0]; j++) {
            sim_gpu_tiling t = {tiles[i].rows, tiles[i].cols, splits[j], 0};
            sim_gpu_result tried;
            if (!worth_splitting(c, s, &t))
                continue;
            VSH_TRY(run(arena, c, s, &t, sim_closed_run, &tried, err));
            rank(&tried.tiling, best);
        }
    return VSH_OK;
}

static vsh_status read_kernel(const sim_gpu_kernel *kernel, vsh_precision precision, shape *s,
                              vsh_error *err)
{
    sim_machine any = sim_mesh(1, 1, SIM_OS, SIM_SERIAL);
    double products = 0, k = 0, padded = 0;

    *s = (shape){.kernel = kernel,
                 .n = kernel->n,
                 .operand_bytes = (double)vsh_operand_bytes(precision),
                 .out_bytes = (double)(kernel->out_bytes ? kernel->out_bytes
                                                         : vsh_activation_bytes(precision))};
    for (int64_t i = 0; i < kernel->groups; i++) {
        const sim_gpu_group *g = &kernel->group[i];
        sim_product asked = sim_whole_product(g->m, kernel->n, g->k);
        double times = (double)g->times;
        VSH_TRY(sim_check(&any, &asked, err));
        s->m = sim_max(s->m, g->m);
        s->longest_k = sim_max(s->longest_k, g->k);
        s->rows += times * (double)g->m;
        s->macs += times * (double)g->m * (double)kernel->n * (double)g->k;
        products += times;
        k += times * (double)g->k;
        padded += times * ((double)g->m + TILE_MOST);
    }
    if (products < 1)
        return vsh_fail(err, VSH_EINPUT, "a kernel without any product");
    s->one = products == 1;
    s->k = (int64_t)ceil(k / products);
    return s->macs > macs_max || padded > macs_max ? too_many_cycles(s, err) : VSH_OK;
}

/* How long each resource is busy: DRAM for its bytes, the others while tiles stream. */
static void count_busy(const chip *c, sim_gpu_result *r)
{
    double streaming = (double)r->counts.streaming / (double)r->machine.units;
    double slowest = fmax(fmax(r->pace.matrix, r->pace.cache), r->pace.memory);

    r->matrix_cycles = streaming * r->pace.matrix / slowest;
    r->memory_cycles = fmax(r->dram_bytes / c->memory_bytes, streaming * r->pace.cache / slowest);
}

vsh_status sim_gpu_run(vsh_arena *arena, const vsh_hardware *hardware, vsh_precision precision,
                       const sim_gpu_kernel *kernel, const sim_engine *engine,
                       sim_gpu_result *result, vsh_error *err)
{
    sim_gpu_tiling best[2];
    shape s;
    chip c;

    assert(hardware && kernel && engine && result);
    VSH_TRY(read_chip(hardware, precision, &c, err));
    VSH_TRY(read_kernel(kernel, precision, &s, err));
    VSH_TRY(choose(arena, &c, &s, best, err));
    VSH_TRY(run(arena, &c, &s, &best[0], engine->run, result, err));
    result->runner_up = best[1];
    result->counts.macs = (int64_t)s.macs;
    result->counts.bytes_written = (int64_t)fmin(written_bytes(&s), result->dram_bytes);
    result->counts.bytes_read = (int64_t)result->dram_bytes - result->counts.bytes_written;
    result->launched_seconds = result->seconds + c.dispatch;
    count_busy(&c, result);
    return VSH_OK;
}

vsh_status sim_gpu_product(vsh_arena *arena, const vsh_hardware *hardware, vsh_precision precision,
                           int64_t m, int64_t n, int64_t k, const sim_engine *engine,
                           sim_gpu_result *result, vsh_error *err)
{
    sim_gpu_group one = {m, k, 1};
    sim_gpu_kernel kernel = {.group = &one, .groups = 1, .n = n};

    VSH_TRY(sim_gpu_run(arena, hardware, precision, &kernel, engine, result, err));
    result->counts.macs = m * n * k; /* exactly */
    return VSH_OK;
}

double sim_gpu_stream_seconds(const vsh_hardware *hardware, double bytes)
{
    double rate = vsh_hardware_memory_rate(hardware).v;
    double clock = vsh_figure_or(&hardware->matrix_clock, INFINITY);

    return vsh_figure_or(&hardware->kernel_overhead, 0) / clock + bytes / rate;
}
