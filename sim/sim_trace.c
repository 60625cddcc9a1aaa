#include "sim/sim_trace.h"

#include <assert.h>
#include <string.h>

#include "sim/whole.h"

/* A schedule runs an operation of a list three times at most before it skips the rest. */
enum { OPS_MAX = 4 * VSH_OPS_MAX };

/* Every operation keeps half of what the largest has, and the room behind each is closed. */
static void make_room(sim_trace *t)
{
    int64_t largest = 0, kept = 0;

    for (int64_t i = 0; i <= t->op_count; i++)
        largest = t->op[i].span_count > largest ? t->op[i].span_count : largest;
    t->cap = largest / 2;
    for (int64_t i = 0; i <= t->op_count; i++) {
        sim_trace_op *o = &t->op[i];
        int64_t keeps = sim_min(o->span_count, t->cap);
        memmove(t->span + kept, t->span + o->first_span, (size_t)keeps * sizeof *t->span);
        t->left_out += o->span_count - keeps;
        o->left_out += o->span_count - keeps;
        o->first_span = kept;
        o->span_count = keeps;
        kept += keeps;
    }
    t->span_count = kept;
}

static void add_span(sim_trace *t, sim_trace_span span)
{
    sim_trace_op *o = &t->op[t->op_count];

    if (t->span_count == t->spans_max && t->cap > 0)
        make_room(t);
    if (o->span_count >= t->cap || t->span_count == t->spans_max) {
        o->left_out++;
        t->left_out++;
        return;
    }
    t->span[t->span_count++] = span;
    o->span_count++;
}

static void add_op(sim_trace *t, const vsh_op *op, int64_t begin, int64_t end, int64_t repeats)
{
    sim_trace_op *o = &t->op[t->op_count];

    if (t->op_count == t->ops_max) { /* its spans stay with those of the next */
        t->ops_left_out++;
        return;
    }
    o->op = op;
    o->begin = begin;
    o->end = end;
    o->repeats = repeats;
    t->op[++t->op_count] = (sim_trace_op){.first_span = t->span_count};
}

/* A stretch that is skipped between two operations repeats the operations before it, and begins for
 * them where they ended: what was fetched ahead is not theirs. */
static void on_span(void *context, int lane, int64_t begin, int64_t end, int64_t repeats)
{
    sim_trace *t = context;
    const sim_trace_op *open = &t->op[t->op_count], *before = open - 1;

    add_span(t, (sim_trace_span){lane, begin, end, repeats});
    if (lane == SIM_LANE_SKIPPED && t->op_count > 0 && open->span_count + open->left_out == 1)
        add_op(t, NULL, before->end, before->end + (end - begin), repeats);
}

static void on_op(void *context, const vsh_op *op, int64_t begin, int64_t end)
{
    add_op(context, op, begin, end, 1);
}

sim_trace *sim_trace_open(vsh_arena *arena, const sim_chip *chip, int64_t spans_max)
{
    sim_trace *t = vsh_alloc(arena, 1, sizeof *t);

    assert(chip && spans_max >= 0);
    if (!t)
        return NULL;
    *t = (sim_trace){.watcher = {on_span, on_op, t},
                     .chip = chip,
                     .spans_max = spans_max,
                     .ops_max = OPS_MAX,
                     .cap = spans_max};
    t->span = vsh_alloc(arena, (size_t)spans_max + 1, sizeof *t->span);
    t->op = vsh_alloc(arena, OPS_MAX + 1, sizeof *t->op);
    return t->span && t->op ? t : NULL;
}

void sim_trace_add_totals(sim_trace *t, const sim_step_time *result)
{
    double at = 0;

    for (int i = 0; i < result->ops.count; i++) {
        double end = at + result->op[i].cycles;
        add_op(t, result->op[i].op, (int64_t)at, (int64_t)end, 1);
        at = end;
    }
}

int64_t sim_trace_runs(const sim_trace *t, const vsh_op *op)
{
    int64_t runs = 0;

    for (int64_t i = 0; i < t->op_count; i++) {
        runs += t->op[i].op == op;
        if (t->op[i].op || i == 0)
            continue;
        for (int64_t j = i - 1; j >= 0 && (j == i - 1 || t->op[j].op != t->op[i - 1].op); j--)
            if (t->op[j].op == op)
                runs += t->op[i].repeats;
    }
    return runs;
}
