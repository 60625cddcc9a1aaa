#include "sim/sim_trace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/harness.h"
#include "tests/sim/watched_step.h"

const char vsh_suite[] = "trace";

static vsh_error err;

static const char small_model[] = "name: small\nlayers: 8\nhidden: 256\nheads: 4\nffn: 1024\n"
                                  "vocab: 1024\ncontext: 128\n";

static watched_step *run_step(int64_t spans_max)
{
    return watch_step(&(watched_question){"hwprofiles/tpu-v5e.yaml", small_model, .seq = 128,
                                          .sequences = 8, .micro_batches = 1,
                                          .spans_max = spans_max});
}

static double number_of(const vsh_node *map, const char *key)
{
    const vsh_node *node = map ? vsh_node_get(map, key) : NULL;

    REQUIRE(node && node->text);
    return strtod(node->text, NULL);
}

static const vsh_node *events_of(const sim_trace *trace, vsh_doc *doc)
{
    char path[] = "/tmp/vishwa-trace-XXXXXX";
    int file = mkstemp(path);
    const vsh_node *events;

    REQUIRE(file >= 0);
    close(file);
    REQUIRE_OK(sim_trace_write(trace, path, &err), &err);
    REQUIRE_OK(vsh_doc_read(vsh_test_arena(), path, doc, &err), &err);
    unlink(path);
    events = vsh_node_get(doc->root, "traceEvents");
    REQUIRE(events && events->kind == VSH_NODE_LIST);
    return events;
}

enum { THREADS = 64 };

/* Threads of the vector unit and beyond are numbered from 2^20. */
static int slot_of(const vsh_node *event)
{
    int64_t thread = (int64_t)number_of(event, "tid");

    return (int)(thread < 1 << 20 ? thread : thread - (1 << 20) + THREADS / 2);
}

static void spans_of_a_thread_follow_each_other_in_the_file(void)
{
    watched_step *s = run_step(2000);
    double end[THREADS] = {0};
    vsh_doc doc;
    int spans = 0;

    for (const vsh_node *e = events_of(s->trace, &doc)->first; e; e = e->next) {
        double begin, length;
        if (strcmp(vsh_node_get(e, "ph")->text, "X") != 0)
            continue;
        begin = number_of(e, "ts");
        length = number_of(e, "dur");
        CHECK(begin > end[slot_of(e)] - 1e-6); /* a thousandth of a nanosecond */
        end[slot_of(e)] = begin + length;
        spans++;
    }
    CHECK_INT(spans, s->trace->span_count + s->trace->op_count);
}

static void every_lane_of_the_issue_has_a_named_thread(void)
{
    static const char *const wanted[] = {"operations",    "HBM read",      "HBM write",
                                         "weight port 0", "weight port 3", "matrix unit 0",
                                         "matrix unit 3", "vector unit",   "transpose unit"};
    watched_step *s = run_step(100);
    const vsh_node *events;
    vsh_doc doc;

    events = events_of(s->trace, &doc);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        bool found = false;
        for (const vsh_node *e = events->first; e; e = e->next) {
            const vsh_node *args = vsh_node_get(e, "args");
            const vsh_node *name = args ? vsh_node_get(args, "name") : NULL;
            found = found || (name && strcmp(name->text, wanted[i]) == 0);
        }
        CHECK(found);
    }
}

static void operations_cover_the_step_without_gap_or_overlap(void)
{
    watched_step *s = run_step(0);
    int64_t at = 0;

    for (int64_t i = 0; i < s->trace->op_count; i++) {
        CHECK_INT(s->trace->op[i].begin, at);
        at = s->trace->op[i].end;
    }
    CHECK(s->trace->op_count > s->answer.result->ops.count);
    CHECK(at <= s->answer.result->cycles && at > 0.99 * s->answer.result->cycles);
    CHECK_INT(s->trace->span_count, 0);
}

static void runs_of_an_operation_are_those_of_its_layers(void)
{
    watched_step *s = run_step(100);

    for (int i = 0; i < s->answer.result->ops.count; i++) {
        const vsh_op *op = s->answer.result->op[i].op;
        CHECK_INT(sim_trace_runs(s->trace, op), strncmp(op->name, "layer.", 6) == 0 ? 8 : 1);
    }
}

static void what_has_no_room_is_counted_and_every_operation_keeps_some(void)
{
    watched_step *all = run_step(1 << 20), *few = run_step(1000);

    CHECK_INT(all->trace->left_out, 0);
    CHECK(few->trace->span_count <= 1000);
    CHECK(few->trace->span_count > 300);
    CHECK_INT(few->trace->span_count + few->trace->left_out, all->trace->span_count);
    REQUIRE(few->trace->op_count == all->trace->op_count);
    for (int64_t i = 0; i < few->trace->op_count; i++) {
        const sim_trace_op *a = &all->trace->op[i], *f = &few->trace->op[i];
        CHECK_INT(f->span_count + f->left_out, a->span_count);
        CHECK(f->span_count > 0 || a->span_count == 0);
        CHECK(f->span_count == 0 ||
              memcmp(few->trace->span + f->first_span, all->trace->span + a->first_span,
                     (size_t)f->span_count * sizeof(sim_trace_span)) == 0);
    }
}

/* Cycles of each kind of lane. */
static void check_sums(const sim_trace *trace, const sim_counts *c)
{
    int64_t read = 0, write = 0, vector = 0, transposing = 0, loading = 0, streaming = 0;

    for (int64_t i = 0; i < trace->span_count; i++) {
        const sim_trace_span *s = &trace->span[i];
        int64_t *sum = s->lane == SIM_LANE_READ         ? &read
                       : s->lane == SIM_LANE_WRITE      ? &write
                       : s->lane == SIM_LANE_VECTOR     ? &vector
                       : s->lane == SIM_LANE_TRANSPOSE  ? &transposing
                       : (s->lane - SIM_LANE_UNITS) % 2 ? &streaming
                                                        : &loading;
        CHECK(s->lane != SIM_LANE_SKIPPED);
        *sum += s->end - s->begin;
    }
    CHECK_INT(read, c->read);
    CHECK_INT(write, c->write);
    CHECK_INT(vector, c->vector);
    CHECK_INT(transposing, c->transposing);
    CHECK_INT(loading, c->loading);
    CHECK_INT(streaming, c->streaming);
}

static void spans_sum_to_the_counts_when_nothing_repeats_unseen(void)
{
    vsh_arena *arena = vsh_test_arena();
    watched_step *s = run_step(0);
    sim_trace *trace = sim_trace_open(arena, &s->answer.chip, 1 << 16);
    sim_product product = sim_whole_product(1000, 900, 700);
    sim_timeline *timeline;
    sim_counts counts;

    REQUIRE(trace);
    product.block_m = 256;
    product.block_k = 300;
    product.transposed = true;
    product.stream_rows = 100;
    REQUIRE_OK(
        sim_timeline_open(arena, &s->answer.chip.machine, &trace->watcher, true, &timeline, &err),
        &err);
    sim_timeline_product(timeline, &product, 3);
    counts = sim_timeline_close(timeline);
    CHECK(counts.transposing > 0 && counts.vector > 0);
    check_sums(trace, &counts);
}

static void names_are_escaped(void)
{
    watched_step *s = run_step(0);
    vsh_op op = {.name = "a\"b\\c<", .phase = VSH_FORWARD, .m = 3};
    sim_trace *trace = sim_trace_open(vsh_test_arena(), &s->answer.chip, 0);
    const vsh_node *events, *last;
    vsh_doc doc;

    trace->watcher.op(trace->watcher.context, &op, 0, 1500);
    events = events_of(trace, &doc);
    last = events->last;
    CHECK_TEXT(vsh_node_get(last, "name")->text, "a\"b\\c<");
    CHECK_NEAR(number_of(last, "dur"), 1, 1e-12, 0);
    CHECK_INT((int64_t)number_of(vsh_node_get(last, "args"), "m"), 3);
}

static void a_trace_that_cannot_be_written_leaves_no_file(void)
{
    watched_step *s = run_step(0);

    CHECK_FAILS(sim_trace_write(s->trace, "/nonexistent/trace.json", &err), &err, VSH_EMACHINE,
                "/nonexistent/trace.json");
}

const vsh_test vsh_tests[] = {
    {"spans_of_a_thread_follow_each_other_in_the_file",
     spans_of_a_thread_follow_each_other_in_the_file},
    {"every_lane_of_the_issue_has_a_named_thread", every_lane_of_the_issue_has_a_named_thread},
    {"operations_cover_the_step_without_gap_or_overlap",
     operations_cover_the_step_without_gap_or_overlap},
    {"runs_of_an_operation_are_those_of_its_layers", runs_of_an_operation_are_those_of_its_layers},
    {"what_has_no_room_is_counted_and_every_operation_keeps_some",
     what_has_no_room_is_counted_and_every_operation_keeps_some},
    {"spans_sum_to_the_counts_when_nothing_repeats_unseen",
     spans_sum_to_the_counts_when_nothing_repeats_unseen},
    {"names_are_escaped", names_are_escaped},
    {"a_trace_that_cannot_be_written_leaves_no_file",
     a_trace_that_cannot_be_written_leaves_no_file},
    {NULL, NULL},
};
