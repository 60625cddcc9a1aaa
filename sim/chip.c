#include "sim/chip.h"

#include <math.h>

vsh_precision sim_precision(int asked, const vsh_hardware *h)
{
    if (asked >= 0)
        return (vsh_precision)asked;
    return h->peak[VSH_BF16].known ? VSH_BF16 : h->peak[VSH_FP16].known ? VSH_FP16 : VSH_FP32;
}

/* What a profile leaves out is taken from the plainest design: a mesh (load, latency), no bubble, a
 * vector unit that keeps up. */
static int64_t known_or(const vsh_figure *figure, double otherwise)
{
    return (int64_t)llround(vsh_figure_or(figure, otherwise));
}

static vsh_status need(const vsh_hardware *h, const vsh_figure *figure, const char *name,
                       vsh_error *err)
{
    if (figure->known)
        return VSH_OK;
    return vsh_fail(err, VSH_EINPUT, "%s: simulating a TPU needs %s", h->path, name);
}

static vsh_status whole(const vsh_hardware *h, const vsh_figure *figure, const char *name,
                        vsh_error *err)
{
    if (!figure->known || figure->value == round(figure->value))
        return VSH_OK;
    return vsh_fail(err, VSH_EINPUT, "%s: %s: expected a whole number, got %g", h->path, name,
                    figure->value);
}

/* Cycles a row takes, in sixteenths where they are no whole number: a precision with half the peak
 * takes two, one with twice the peak a half. */
static vsh_status set_pace(const vsh_hardware *h, vsh_precision precision, sim_chip *chip,
                           vsh_error *err)
{
    double slots = 2 * h->matrix_units.value * h->matrix_rows.value * h->matrix_cols.value *
                   h->matrix_clock.value;
    double peak = vsh_hardware_peak(h, precision, &chip->computed)->value, pace = slots / peak;

    chip->machine.pace_den = pace < 0.97                       ? llround(1 / pace)
                             : fabs(pace - round(pace)) < 0.03 ? 1
                                                               : 16;
    chip->machine.pace_num = pace < 0.97 ? 1 : llround(pace * (double)chip->machine.pace_den);
    if (fabs((double)chip->machine.pace_num / (double)chip->machine.pace_den / pace - 1) > 0.05)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: matrix: %g units of %g x %g at %.4g GHz make %.4g TFLOP/s, and the %s "
                        "peak is %.4g: expected it, a half of it, or more of it",
                        h->path, h->matrix_units.value, h->matrix_rows.value, h->matrix_cols.value,
                        h->matrix_clock.value / 1e9, slots / 1e12,
                        vsh_precision_words[chip->computed], peak / 1e12);
    return VSH_OK;
}

vsh_hertz sim_clock_of(const vsh_hardware *h)
{
    return (vsh_hertz){vsh_figure_or(&h->matrix_clock, 1e9)};
}

enum { BYTES_DEN = 256, RESULT_BUFFERS = 2, BUFFERS = 2 };

static void set_memory(const vsh_hardware *h, sim_chip *chip)
{
    double rate = vsh_hardware_memory_rate(h).v / (double)chip->cores / chip->clock.v;

    chip->machine.bytes_den = BYTES_DEN;
    chip->machine.bytes_num = (int64_t)fmax(1, round(rate * BYTES_DEN));
    chip->machine.memory_latency = llround(vsh_figure_or(&h->memory_latency, 0) * chip->clock.v);
    chip->machine.buffers = BUFFERS;
    chip->scratchpad_bytes = (int64_t)(h->scratchpad_bytes.value / (double)chip->cores);
}

static vsh_status tpu_from(const vsh_hardware *h, vsh_precision precision, sim_chip *chip,
                           vsh_error *err)
{
    sim_machine *m = &chip->machine;
    int64_t rows, cols;

    VSH_TRY(need(h, &h->matrix_units, "matrix: units, rows, cols and clock", err));
    VSH_TRY(need(h, &h->scratchpad_bytes, "scratchpad: capacity", err));
    VSH_TRY(whole(h, &h->matrix_rows, "matrix.rows", err));
    VSH_TRY(whole(h, &h->matrix_cols, "matrix.cols", err));
    VSH_TRY(whole(h, &h->matrix_cores, "matrix.cores", err));
    rows = known_or(&h->matrix_rows, 0);
    cols = known_or(&h->matrix_cols, 0);
    *chip = (sim_chip){.hardware = h,
                       .precision = precision,
                       .machine = sim_mesh(rows, cols, SIM_WS, SIM_DOUBLE),
                       .cores = known_or(&h->matrix_cores, 1),
                       .clock = {h->matrix_clock.value},
                       .stream_rows = known_or(&h->matrix_stream, 0)};
    m->units = known_or(&h->matrix_units, 1) / chip->cores;
    if (h->matrix_units.value != (double)(m->units * chip->cores))
        return vsh_fail(err, VSH_EINPUT,
                        "%s: matrix.units: expected a whole number for each of %lld core%s, got %g "
                        "in all",
                        h->path, (long long)chip->cores, chip->cores == 1 ? "" : "s",
                        h->matrix_units.value);
    m->load = known_or(&h->matrix_load, (double)m->load);
    m->latency = known_or(&h->matrix_latency, (double)m->latency);
    chip->near_latency = known_or(&h->matrix_near, (double)m->latency);
    m->mac_latency = m->latency > 0 ? m->latency - 1 : 0;
    m->bubble = known_or(&h->matrix_bubble, 0);
    m->row_group = known_or(&h->matrix_group, 1) * 4 / vsh_operand_bytes(precision);
    m->vector_rate = known_or(&h->results, 0);
    m->result_buffers = RESULT_BUFFERS;
    m->step_overhead = known_or(&h->kernel_overhead, 0);
    m->transpose =
        llround(vsh_figure_or(&h->matrix_transpose, 0) * (double)vsh_operand_bytes(precision) / 4);
    chip->step_cycles =
        h->kernel_step.known ? llround(h->kernel_step.value * chip->clock.v) : m->step_overhead;
    set_memory(h, chip);
    return set_pace(h, precision, chip, err);
}

vsh_status sim_chip_from(const vsh_hardware *h, vsh_precision precision, sim_chip *chip,
                         vsh_error *err)
{
    if (h->kind == VSH_TPU)
        return tpu_from(h, precision, chip, err);
    *chip = (sim_chip){.hardware = h, .precision = precision, .cores = 1};
    vsh_hardware_peak(h, precision, &chip->computed);
    chip->clock = sim_clock_of(h);
    return VSH_OK;
}

double sim_chip_macs_a_cycle(const sim_chip *chip)
{
    vsh_precision used;

    if (chip->hardware->kind == VSH_TPU)
        return (double)chip->cores * sim_macs_a_cycle(&chip->machine);
    return vsh_hardware_peak(chip->hardware, chip->precision, &used)->value / 2 / chip->clock.v;
}

const char *sim_chip_caveat(const vsh_hardware *h)
{
    if (h->kind == VSH_GPU && !h->kernel_overhead.known)
        return "the profile has no measured kernels (matrix.efficiency, kernel.overhead): tiles, "
               "waves and memory at their best, an upper bound";
    if (h->kind == VSH_TPU && !h->matrix_bubble.known)
        return "the profile does not say how its matrix units change tiles (matrix.load, latency, "
               "bubble): a plain mesh without bubbles";
    if (h->kind == VSH_CPU && !h->products[VSH_FP32].known && !h->products[VSH_BF16].known)
        return "the profile has no measured products: the peak, an upper bound";
    return NULL;
}
