#include "sim/scale_sim/scale_lines.h"

#include <string.h>

#include "sim/whole.h"

/* CALC grants a word a column and cycle. */
sim_scale_lines sim_scale_lines_of(const sim_scale_config *config)
{
    int64_t whole = config->sram_kb[SIM_OUT] * 1024;

    return (sim_scale_lines){.rate = config->user ? config->bandwidth[SIM_OUT] : config->cols,
                             .half = whole / 2,
                             .whole = whole,
                             .latest = config->v3,
                             .exact = true};
}

void sim_scale_close(sim_scale_lines *b, int64_t written)
{
    int64_t words = written - b->closed, rest = words % b->rate;

    b->lines += sim_ceil_div(words, b->rate);
    b->closed = written;
    if (rest == 0)
        return;
    if (b->short_count == SIM_SCALE_SHORT_LINES_MAX)
        b->exact = false;
    else {
        b->queue[b->short_count].line = b->lines - 1;
        b->queue[b->short_count++].missing = b->rate - rest;
    }
}

int64_t sim_scale_drain(sim_scale_lines *b, int64_t cycle)
{
    int64_t end = sim_min(b->drained + sim_ceil_div(b->half, b->rate), b->lines);
    int64_t last = cycle + end - b->drained - 1;
    int passed = 0;

    b->gone += (end - b->drained) * b->rate;
    while (passed < b->short_count && b->queue[passed].line < end)
        passed++;
    if (passed > 0 && b->queue[passed - 1].line == end - 1)
        b->gone -= b->queue[passed - 1].missing;
    b->short_count -= passed;
    memmove(b->queue, b->queue + passed, (size_t)b->short_count * sizeof *b->queue);
    b->drained = end;
    if (!b->any)
        b->start = cycle;
    b->any = true;
    b->stop = sim_max(b->latest ? b->stop : 0, last);
    return last;
}

void sim_scale_drain_rest(sim_scale_lines *b, int64_t written, int64_t cycle)
{
    sim_scale_close(b, written);
    while (b->drained < b->lines)
        cycle = sim_scale_drain(b, cycle) + 1;
}
