#include "sim/cpu.h"

#include <assert.h>
#include <math.h>

#include "sim/chip.h"
#include "sim/whole.h"

/* Twelve accumulators of two 8-lane vectors, the rest of AVX2's 16 registers for operands (the
 * sgemm kernel of BLIS for Haswell; Van Zee & van de Geijn 2015, ACM TOMS 41:14). */
enum { TILE_ROWS = 6, TILE_COLS = 16 };

/* The pace is a fraction of this many parts of a cycle: a fast core takes few cycles a slice. */
enum { PACE_PARTS = 1 << 20 };

typedef struct {
    int64_t cores, rows, cols;
    double clock;
    double macs;         /* of a core a cycle */
    double memory_bytes; /* a second */
} chip;

static chip read_chip(const vsh_hardware *h, vsh_precision precision)
{
    chip c = {.cores = llround(vsh_figure_or(&h->matrix_units, 1)),
              .rows = llround(vsh_figure_or(&h->matrix_rows, TILE_ROWS)),
              .cols = llround(vsh_figure_or(&h->matrix_cols, TILE_COLS)),
              .clock = sim_clock_of(h).v,
              .memory_bytes = vsh_hardware_memory_rate(h).v};

    c.macs = vsh_hardware_matrix_roof(h, precision)->value / (2 * c.clock * (double)c.cores);
    return c;
}

/* Bytes through memory as STREAM counts them, which measured the bandwidth: what is read and what
 * is written, not the lines fetched before they are written. */
typedef struct {
    double read, written;
} traffic;

/* Packing reads an operand and writes it; the kernel then finds it in the caches. */
static traffic packed_traffic(double lhs, double rhs, double out)
{
    return (traffic){lhs + rhs, lhs + rhs + out};
}

static traffic straight_traffic(const chip *c, int64_t m, double lhs, double rhs, double out)
{
    return (traffic){lhs + rhs * (double)sim_ceil_div(m, c->rows), out};
}

static double seconds_of(const chip *c, traffic t)
{
    return (t.read + t.written) / c->memory_bytes;
}

static vsh_status set_up(const chip *c, int64_t m, int64_t n, int64_t k, sim_cpu_result *r,
                         vsh_error *err)
{
    double pace = (double)(c->rows * c->cols) / c->macs * PACE_PARTS;
    double tiles = ((double)m / (double)c->rows + 1) * ((double)n / (double)c->cols + 1);

    r->product = sim_whole_product(m, n, k);
    r->machine = sim_mesh(c->rows, c->cols, SIM_OS, SIM_SERIAL);
    VSH_TRY(sim_check(&r->machine, &r->product, err));
    if (pace * tiles * (double)k >= 9e18)
        return vsh_fail(err, VSH_EINPUT,
                        "%lld x %lld x %lld: the cycles of this product pass 63 bits", (long long)m,
                        (long long)n, (long long)k);
    r->machine.units = c->cores;
    r->machine.pace_num = (int64_t)ceil(pace);
    r->machine.pace_den = PACE_PARTS;
    /* the tiles' results leave while the next tile runs */
    r->machine.latency = r->machine.mac_latency = 0;
    for (int i = 0; i < SIM_OPERANDS; i++)
        r->product.resident[i] = true;
    return VSH_OK;
}

vsh_status sim_cpu_product(vsh_arena *arena, const vsh_hardware *hardware, vsh_precision precision,
                           int64_t m, int64_t n, int64_t k, const sim_engine *engine,
                           sim_cpu_result *result, vsh_error *err)
{
    chip c = read_chip(hardware, precision);
    double lhs = (double)m * (double)k * (double)vsh_operand_bytes(precision);
    double rhs = (double)n * (double)k * (double)vsh_operand_bytes(precision);
    double out = (double)m * (double)n * (double)vsh_activation_bytes(precision);
    traffic packing = packed_traffic(lhs, rhs, out);
    traffic streaming = straight_traffic(&c, m, lhs, rhs, out), *chosen;
    double matrix, packed, straight;
    sim_cpu_result *r = result;

    assert(hardware && engine && result);
    VSH_TRY(set_up(&c, m, n, k, r, err));
    VSH_TRY(engine->run(arena, &r->machine, &r->product, &r->counts, err));
    matrix = (double)r->counts.cycles / c.clock;
    packed = matrix + seconds_of(&c, packing);
    straight = fmax(matrix, seconds_of(&c, streaming));
    r->packed = packed < straight;
    chosen = r->packed ? &packing : &streaming;
    r->seconds = r->packed ? packed : straight;
    r->other_seconds = r->packed ? straight : packed;
    r->memory_seconds = seconds_of(&c, *chosen);
    r->matrix_cycles = (double)r->counts.streaming / (double)c.cores;
    r->memory_cycles = r->memory_seconds * c.clock;
    r->counts.bytes_read = (int64_t)chosen->read;
    r->counts.bytes_written = (int64_t)chosen->written;
    return VSH_OK;
}
