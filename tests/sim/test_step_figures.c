#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/figures/step_figure.h"
#include "sim/figures/step_label.h"
#include "tests/harness.h"
#include "tests/sim/watched_step.h"

const char vsh_suite[] = "step_figures";

static vsh_error err;

static const char model[] = "name: small\nlayers: 6\nhidden: 512\nheads: 8\nffn: 2048\n"
                            "vocab: 4096\ncontext: 256\n";

static watched_step *run_step(int64_t spans_max)
{
    return watch_step(&(watched_question){"hwprofiles/tpu-v5e.yaml", model, .seq = 256,
                                          .sequences = 16, .micro_batches = 1,
                                          .spans_max = spans_max});
}

static const char *draw(const watched_step *s, int figure)
{
    vsh_report_figure figures[SIM_FIGURES];

    REQUIRE_OK(sim_make_figures(&s->in, vsh_test_arena(), figures, &err), &err);
    return vsh_text_string(&figures[figure].script);
}

/* The mean that stands before a lane, forward. */
static double mean_of(const char *gantt, const char *lane)
{
    const char *at = strstr(gantt, lane);

    REQUIRE(at);
    return strtod(at + strlen(lane), NULL);
}

/* Share of a forward layer's time in which the matrix units stream, by the operations' counts. */
static double streaming_share(const watched_step *s)
{
    const sim_step_time *r = s->answer.result;
    double streaming = 0, cycles = 0;

    for (int i = 0; i < r->ops.count; i++) {
        const sim_op_time *t = &r->op[i];
        if (t->op->phase != VSH_FORWARD || strncmp(t->op->name, "layer.", 6) != 0)
            continue;
        streaming += (double)t->counts.streaming / (double)s->answer.chip.machine.units;
        cycles += (double)t->counts.cycles;
    }
    return streaming / cycles;
}

/* Whether spans were simulated, skipped or left out. */
static void lanes_are_as_busy_as_the_operations_counts(void)
{
    watched_step *all = run_step(1 << 20), *few = run_step(900);
    const char *lane = "'matrix units ";

    CHECK_INT(all->in.trace->left_out, 0);
    CHECK(few->in.trace->left_out > 1000);
    CHECK_NEAR(mean_of(draw(all, 0), lane), 100 * streaming_share(all), 0, 3);
    CHECK_NEAR(mean_of(draw(few, 0), lane), 100 * streaming_share(few), 0, 3);
    CHECK_NEAR(mean_of(draw(few, 0), "'HBM read "), mean_of(draw(all, 0), "'HBM read "), 0, 3);
}

/* Rows of a datablock: x y left right low high. */
static int boxes_of(const char *script, const char *name, double (*box)[6], int max)
{
    char begin[40];
    const char *at;
    int count = 0;

    snprintf(begin, sizeof begin, "$%s << EOD\n", name);
    at = strstr(script, begin);
    REQUIRE(at);
    for (at = strchr(at, '\n') + 1; strncmp(at, "EOD", 3) != 0; at = strchr(at, '\n') + 1)
        if (count < max &&
            sscanf(at, "%lf %lf %lf %lf %lf %lf", &box[count][0], &box[count][1], &box[count][2],
                   &box[count][3], &box[count][4], &box[count][5]) == 6)
            count += isfinite(box[count][0]);
    return count;
}

static void bars_of_the_utilization_map_fill_the_whole_time(void)
{
    static const char *const names[] = {"useful", "padding", "array", "memory", "vector"};
    const char *script = draw(run_step(1000), 2);
    double box[64][6], filled[64] = {0};
    int rows = 0;

    for (int class = 0; class < 5; class ++) {
        int count = boxes_of(script, names[class], box, 64);
        for (int i = 0; i < count; i++) {
            int row = (int)(box[i][1] / 18);
            REQUIRE(row < 64);
            filled[row] += box[i][3] - box[i][2];
            rows = row >= rows ? row + 1 : rows;
        }
    }
    CHECK(rows > 20);
    for (int i = 0; i < rows; i++)
        CHECK_NEAR(filled[i], 1, 0, 0.003);
}

static void a_waterfall_goes_down_from_all_to_what_is_useful(void)
{
    watched_step *s = run_step(1000);
    double box[8][6], shares[SIM_CAUSES];
    int count = boxes_of(draw(s, 3), "useful", box, 8);

    sim_waterfall_shares(&s->answer.result->waterfall, shares);
    REQUIRE(count >= 2);
    CHECK_NEAR(box[0][3], 100, 0, 1e-9);
    CHECK_NEAR(box[count - 1][3], 100 * shares[SIM_USEFUL], 1e-4, 0);
}

static double overlap(double a, double a_length, double b, double b_length)
{
    return fmax(0, fmin(a + a_length, b + b_length) - fmax(a, b));
}

static void labels_of_a_crowd_keep_clear_of_each_other(void)
{
    static const vsh_panel panel = {560, 66, 74, 442, 516, 3};
    sim_labels *labels = vsh_alloc(vsh_test_arena(), 1, sizeof *labels);
    vsh_text script = {.arena = vsh_test_arena()};
    sim_label_box placed[10];

    REQUIRE(labels);
    sim_labels_open(labels, &panel);
    for (int i = 0; i < 10; i++) {
        int before = labels->count;
        sim_labels_place(labels, 450 + 4 * (i % 3), 200 + 3 * (i % 2), "attn.values.left 5 %",
                         &script);
        placed[i] = labels->block[before];
        for (int j = 0; j < i; j++)
            CHECK(overlap(placed[i].x, placed[i].width, placed[j].x, placed[j].width) *
                      overlap(placed[i].y, placed[i].height, placed[j].y, placed[j].height) ==
                  0);
        CHECK(placed[i].x >= panel.left &&
              placed[i].x + placed[i].width <= VSH_CHART_WIDTH - VSH_CHART_RIGHT);
        CHECK(placed[i].y >= panel.top && placed[i].y + placed[i].height <= panel.bottom);
    }
}

const vsh_test vsh_tests[] = {
    {"lanes_are_as_busy_as_the_operations_counts", lanes_are_as_busy_as_the_operations_counts},
    {"bars_of_the_utilization_map_fill_the_whole_time",
     bars_of_the_utilization_map_fill_the_whole_time},
    {"a_waterfall_goes_down_from_all_to_what_is_useful",
     a_waterfall_goes_down_from_all_to_what_is_useful},
    {"labels_of_a_crowd_keep_clear_of_each_other", labels_of_a_crowd_keep_clear_of_each_other},
    {NULL, NULL},
};
