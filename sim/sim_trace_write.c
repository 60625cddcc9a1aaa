#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "core/file.h"
#include "core/json.h"
#include "sim/sim_trace.h"

/* Threads of the trace, in the order a viewer shows them. Those of the units follow, a pair each.
 */
enum { OPERATIONS = 1, READ, WRITE, UNITS, AFTER_UNITS = 1 << 20 };

static int64_t thread_of(int lane)
{
    switch (lane) {
    case SIM_LANE_READ:
        return READ;
    case SIM_LANE_WRITE:
        return WRITE;
    case SIM_LANE_VECTOR:
        return AFTER_UNITS;
    case SIM_LANE_TRANSPOSE:
        return AFTER_UNITS + 1;
    case SIM_LANE_SKIPPED:
        return AFTER_UNITS + 2;
    default:
        return UNITS + lane - SIM_LANE_UNITS;
    }
}

static const char *name_of(int lane)
{
    static const char *const names[] = {[SIM_LANE_READ] = "read",
                                        [SIM_LANE_WRITE] = "write",
                                        [SIM_LANE_VECTOR] = "vector work",
                                        [SIM_LANE_TRANSPOSE] = "transpose"};

    if (lane < SIM_LANE_UNITS)
        return names[lane];
    return (lane - SIM_LANE_UNITS) % 2 == 0 ? "load" : "stream";
}

/* ---- events -------------------------------------------------------------------------------- */

typedef struct {
    vsh_text *out;
    double hertz;
    int64_t written;
} event_list;

/* One event a line. */
static vsh_json open_event(event_list *list, const char *name, const char *phase, int64_t thread)
{
    vsh_json json = {.out = list->out, .one_line = true};

    if (list->written++)
        vsh_text_put(list->out, ",", 1);
    vsh_json_object(&json, NULL);
    vsh_json_string(&json, "name", name);
    vsh_json_string(&json, "ph", phase);
    vsh_json_integer(&json, "pid", 1);
    vsh_json_integer(&json, "tid", thread);
    return json;
}

static int64_t nanoseconds(const event_list *list, int64_t cycles)
{
    return (int64_t)floor((double)cycles / list->hertz * 1e9);
}

/* Viewers keep whole nanoseconds and drop a span that overlaps the one before it: begin and end are
 * rounded alike, and half a nanosecond more at every begin keeps a viewer's own rounding down from
 * reaching the one below. Opens "args". */
static void write_times(event_list *list, vsh_json *json, int64_t begin, int64_t end)
{
    int64_t from = nanoseconds(list, begin), length = nanoseconds(list, end) - from;

    vsh_text_add(list->out, ", \"ts\": %" PRId64 ".%03d5, \"dur\": %" PRId64 ".%03d", from / 1000,
                 (int)(from % 1000), length / 1000, (int)(length % 1000));
    vsh_json_object(json, "args");
    vsh_json_integer(json, "begin_cycles", begin);
    vsh_json_integer(json, "cycles", end - begin);
}

static void close_event(vsh_json *json)
{
    vsh_json_end(json); /* args */
    vsh_json_end(json);
}

static void write_span(event_list *list, const sim_trace_span *s)
{
    char repeated[48];
    vsh_json json;

    snprintf(repeated, sizeof repeated, "repeated %" PRId64 " times", s->repeats);
    json = open_event(list, s->lane == SIM_LANE_SKIPPED ? repeated : name_of(s->lane), "X",
                      thread_of(s->lane));
    write_times(list, &json, s->begin, s->end);
    if (s->lane == SIM_LANE_SKIPPED)
        vsh_json_integer(&json, "repeats", s->repeats);
    close_event(&json);
}

static void write_op(event_list *list, const sim_trace_op *o)
{
    char repeated[64];
    vsh_json json;

    snprintf(repeated, sizeof repeated, "the operations before, repeated %" PRId64 " times",
             o->repeats);
    json = open_event(list, o->op ? o->op->name : repeated, "X", OPERATIONS);
    if (o->op)
        vsh_json_string(&json, "cat", vsh_phase_names[o->op->phase]);
    write_times(list, &json, o->begin, o->end);
    if (o->op) {
        vsh_json_string(&json, "phase", vsh_phase_names[o->op->phase]);
        vsh_json_integer(&json, "m", o->op->m);
        vsh_json_integer(&json, "n", o->op->n);
        vsh_json_integer(&json, "k", o->op->k);
    } else {
        vsh_json_integer(&json, "repeats", o->repeats);
    }
    if (o->left_out)
        vsh_json_integer(&json, "spans_left_out", o->left_out);
    close_event(&json);
}

/* ---- the file ------------------------------------------------------------------------------ */

static void name_thread(event_list *list, int64_t thread, const char *name)
{
    vsh_json json = open_event(list, "thread_name", "M", thread);

    vsh_json_object(&json, "args");
    vsh_json_string(&json, "name", name);
    close_event(&json);
    json = open_event(list, "thread_sort_index", "M", thread);
    vsh_json_object(&json, "args");
    vsh_json_integer(&json, "sort_index", thread);
    close_event(&json);
}

static void name_threads(event_list *list, const sim_trace *t)
{
    char name[48];
    vsh_json json = open_event(list, "process_name", "M", OPERATIONS);

    vsh_json_object(&json, "args");
    vsh_json_string(&json, "name", t->chip->hardware->name);
    close_event(&json);
    name_thread(list, OPERATIONS, "operations");
    if (t->span_count + t->left_out == 0)
        return;
    name_thread(list, READ, "HBM read");
    name_thread(list, WRITE, "HBM write");
    for (int u = 0; u < (int)t->chip->machine.units; u++) {
        snprintf(name, sizeof name, "weight port %d", u);
        name_thread(list, thread_of(SIM_LANE_UNITS + 2 * u), name);
        snprintf(name, sizeof name, "matrix unit %d", u);
        name_thread(list, thread_of(SIM_LANE_UNITS + 2 * u + 1), name);
    }
    name_thread(list, thread_of(SIM_LANE_VECTOR), "vector unit");
    name_thread(list, thread_of(SIM_LANE_TRANSPOSE), "transpose unit");
    name_thread(list, thread_of(SIM_LANE_SKIPPED), "repeats, not drawn again");
}

/* What a reader must know of the whole; ends with the open list of events. */
static void write_head(const sim_trace *t, vsh_text *out)
{
    vsh_json json = {.out = out, .one_line = true};

    vsh_text_add(out, "{\"displayTimeUnit\": \"ns\", \"otherData\": ");
    vsh_json_object(&json, NULL);
    vsh_json_string(&json, "made_by", SIM_TRACE_MARK);
    vsh_json_string(&json, "hardware", t->chip->hardware->name);
    vsh_json_string(&json, "precision", vsh_precision_words[t->chip->precision]);
    vsh_json_real(&json, "clock_hz", t->chip->clock.v);
    vsh_json_integer(&json, "cores", t->chip->cores);
    vsh_json_string(&json, "shown", "one core; simulated, not measured");
    vsh_json_integer(&json, "spans", t->span_count);
    vsh_json_integer(&json, "spans_left_out", t->left_out);
    vsh_json_integer(&json, "operations_left_out", t->ops_left_out);
    vsh_json_end(&json);
    vsh_text_add(out, ", \"traceEvents\": [\n");
}

vsh_status sim_trace_write(const sim_trace *t, const char *path, vsh_error *err)
{
    vsh_arena arena = {0};
    vsh_text out = {.arena = &arena};
    event_list list = {&out, t->chip->clock.v, 0};
    vsh_status status;

    write_head(t, &out);
    name_threads(&list, t);
    for (int64_t i = 0; i < t->op_count; i++)
        write_op(&list, &t->op[i]);
    for (int64_t i = 0; i < t->span_count; i++)
        write_span(&list, &t->span[i]);
    vsh_text_add(&out, "]}\n");
    status = vsh_file_write(path, &out, err);
    vsh_arena_free(&arena);
    return status;
}
