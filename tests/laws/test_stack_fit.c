/* Constants come back from steps that the model itself made, and what steps do not tell is said. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "planner/layout/stack_file.h"
#include "planner/layout/stack_fit.h"
#include "tests/harness.h"

const char vsh_suite[] = "stack_fit";

static vsh_error err;

enum { STEPS = 96 };

typedef struct {
    vsh_hardware hardware;
    vsh_model model[4];
    vsh_measured_step step[STEPS];
    int line[STEPS];
    vsh_measured_steps steps;
} bench;

/* From a model that the host cannot feed to one that it can, with heads wide and narrow. */
static void make_models(bench *b)
{
    static const int64_t sizes[4][3] = {
        {12, 768, 12}, {24, 2048, 16}, {32, 4096, 32}, {16, 6144, 48}};

    for (int i = 0; i < 4; i++) {
        vsh_model *m = &b->model[i];
        *m = vsh_model_default();
        m->layers = sizes[i][0];
        m->hidden = sizes[i][1];
        m->heads = sizes[i][2];
        m->ffn = 4 * m->hidden;
        m->vocab = 50257;
        m->context = 16384;
        for (int64_t l = 0; l < m->layers; l++)
            m->layer[l].own_kv = true;
        REQUIRE_OK(vsh_model_finish(m, "", &err), &err);
    }
}

/* Layouts over one chip, one node and four nodes. */
static bench *bench_of(const char *const *layouts, int layout_count)
{
    static const int64_t seqs[3] = {1024, 4096, 16384};
    bench *b = vsh_alloc(vsh_test_arena(), 1, sizeof *b);

    REQUIRE(b != NULL);
    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), "hwprofiles/a100-80gb.yaml", &b->hardware, &err),
               &err);
    make_models(b);
    for (int i = 0; i < STEPS; i++) {
        vsh_measured_step *s = &b->step[i];
        static const int64_t chips[4] = {1, 8, 8, 32};
        int layout = i / 4 % layout_count;
        *s = (vsh_measured_step){.hardware = &b->hardware, .weight = 1};
        s->chips = chips[layout];
        s->run = (vsh_step_run){
            .laid = {&b->model[i % 4], seqs[i / 16 % 3], 64 << i / 48, 1 + i / 8 % 2},
            .precision = VSH_BF16,
            .recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW),
            .flash = true,
        };
        REQUIRE_OK(vsh_layout_parse(layouts[layout], s->chips, &s->run.layout, &err), &err);
        REQUIRE_OK(vsh_layout_check(&s->run.layout, &s->run.laid, &err), &err);
        b->line[i] = i + 2;
    }
    b->steps = (vsh_measured_steps){"made.csv", b->step, b->line, STEPS};
    return b;
}

static const char *const everywhere[] = {"", "tp=4,sp=1", "zero=3", "tp=2,zero=3"};

static const vsh_stack truth = {.matrix = 0.71,
                                .memory = 0.66,
                                .attention = 0.42,
                                .dispatch = 31e-6,
                                .link_fast = 0.58,
                                .link_slow = 0.47,
                                .overlap = 0.35,
                                .wait = 0.4e-3,
                                .blend = 0.1};

/* Measured = what the model says under this stack, times the noise of each row. */
static void measure(bench *b, const vsh_stack *stack, double noise)
{
    for (int i = 0; i < b->steps.count; i++) {
        vsh_step_time time;
        REQUIRE_OK(vsh_measured_predict(&b->step[i], stack, &time, &err), &err);
        b->step[i].seconds = time.step * (1 + noise * sin(12.9898 * i));
    }
}

static vsh_stack_fit fit_from(bench *b, const vsh_stack *before)
{
    vsh_stack_fit fit;

    REQUIRE_OK(
        vsh_stack_fit_of(vsh_test_arena(), &b->steps, before, vsh_software_of(NULL), &fit, &err),
        &err);
    return fit;
}

static int index_of(const char *name)
{
    for (int i = 0; i < VSH_STACK_CONSTANTS; i++)
        if (strcmp(vsh_stack_constants[i].name, name) == 0)
            return i;
    REQUIRE(!"a constant of this name");
    return -1;
}

static bool told(const vsh_stack_fit *fit, const char *name)
{
    return fit->identified >> index_of(name) & 1;
}

static double value(const vsh_stack *stack, const char *name)
{
    vsh_stack copy = *stack;

    return *vsh_stack_value(&copy, &vsh_stack_constants[index_of(name)]);
}

/* The truth, but blend and wait as the pure stack has them. */
static vsh_stack truth_of(const vsh_stack *pure)
{
    vsh_stack t = truth;

    t.blend = pure->blend;
    t.wait = pure->wait;
    return t;
}

static void known_constants_come_back_within_a_thousandth(void)
{
    static const char *const names[] = {"matrix",    "memory",    "attention", "dispatch",
                                        "link_fast", "link_slow", "overlap"};
    bench *b = bench_of(everywhere, 4);
    vsh_stack pure = vsh_stack_pure(&b->hardware), made = truth_of(&pure);
    vsh_stack_fit fit;

    measure(b, &made, 0);
    fit = fit_from(b, &pure);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (told(&fit, names[i]))
            CHECK_NEAR(value(&fit.after, names[i]), value(&made, names[i]), 1e-3, 0);
    for (int i = 0; i < 4; i++)
        CHECK(told(&fit, names[i]));
    CHECK(fit.error_before.mean > 0.1);
    CHECK(fit.error_after.worst < 1e-3);
    CHECK_INT(fit.held_out + fit.fitted, STEPS);
}

static void noise_moves_constants_by_no_more_than_their_error(void)
{
    bench *b = bench_of(everywhere, 4);
    vsh_stack pure = vsh_stack_pure(&b->hardware), made = truth_of(&pure);
    vsh_stack_fit fit;

    measure(b, &made, 0.02);
    fit = fit_from(b, &pure);
    for (int i = 0; i < VSH_STACK_CONSTANTS; i++)
        if (fit.identified >> i & 1)
            CHECK(fabs(value(&fit.after, vsh_stack_constants[i].name) -
                       value(&made, vsh_stack_constants[i].name)) < 4 * fit.sd[i]);
    CHECK(fit.error_after.mean < 0.025);
    CHECK(fit.error_after.mean < fit.error_null.mean / 2);
}

static void one_wrong_row_bends_nothing(void)
{
    bench *b = bench_of(everywhere, 4);
    vsh_stack pure = vsh_stack_pure(&b->hardware), made = truth_of(&pure);
    vsh_stack_fit fit;

    measure(b, &made, 0.005);
    b->step[9].seconds *= 5; /* fits: 9 is a third one */
    fit = fit_from(b, &pure);
    CHECK_NEAR(fit.after.matrix, made.matrix, 0.03, 0);
    CHECK(fit.error_after.median < 0.01);
}

static void steps_of_one_chip_tell_nothing_of_the_network(void)
{
    static const char *const network[] = {"link_fast", "link_slow", "overlap", "wait"};
    static const char *const alone[] = {""};
    bench *b = bench_of(alone, 1);
    vsh_stack pure = vsh_stack_pure(&b->hardware);
    vsh_stack_fit fit;

    measure(b, &truth, 0);
    fit = fit_from(b, &pure);
    for (size_t i = 0; i < sizeof network / sizeof network[0]; i++) {
        CHECK(!told(&fit, network[i]));
        CHECK(value(&fit.after, network[i]) == value(&pure, network[i]));
    }
    CHECK(told(&fit, "matrix"));
}

static void constants_that_the_steps_confirm_stay(void)
{
    bench *b = bench_of(everywhere, 4);
    vsh_stack_fit fit;

    measure(b, &truth, 0);
    fit = fit_from(b, &truth);
    for (int i = 0; i < VSH_STACK_CONSTANTS; i++)
        CHECK_NEAR(value(&fit.after, vsh_stack_constants[i].name),
                   value(&truth, vsh_stack_constants[i].name), 1e-6, 1e-12);
    CHECK(told(&fit, "matrix"));
    CHECK(fit.error_after.worst < 1e-9);
}

static void constants_stay_inside_their_range(void)
{
    bench *b = bench_of(everywhere, 4);
    vsh_stack pure = vsh_stack_pure(&b->hardware);
    vsh_stack_fit fit;

    measure(b, &truth, 0);
    for (int i = 0; i < STEPS; i++)
        b->step[i].seconds /= 3;
    fit = fit_from(b, &pure);
    for (int i = 0; i < VSH_STACK_CONSTANTS; i++) {
        double v = value(&fit.after, vsh_stack_constants[i].name);
        CHECK(v >= vsh_stack_constants[i].least && v <= vsh_stack_constants[i].most);
    }
}

/* Steps three times as fast as the peak allows. */
static void a_constant_at_an_end_of_its_range_is_not_identified(void)
{
    bench *b = bench_of(everywhere, 4);
    vsh_stack pure = vsh_stack_pure(&b->hardware);
    vsh_stack_fit fit;

    measure(b, &truth, 0);
    for (int i = 0; i < STEPS; i++)
        b->step[i].seconds /= 3;
    fit = fit_from(b, &pure);
    CHECK(!told(&fit, "matrix"));
    CHECK(fit.at_end >> index_of("matrix") & 1);
    CHECK(value(&fit.after, "matrix") == pure.matrix);
    for (int i = 0; i < VSH_STACK_CONSTANTS; i++) {
        const vsh_stack_constant *c = &vsh_stack_constants[i];
        double v = value(&fit.after, c->name);
        CHECK(!(fit.identified >> i & 1) || (v > c->least && v < c->most));
    }
}

static void few_runs_are_judged_one_by_one(void)
{
    bench *b = bench_of(everywhere, 4);
    vsh_stack pure = vsh_stack_pure(&b->hardware);
    vsh_stack_fit fit;

    b->steps.count = 12;
    measure(b, &truth, 0.01);
    fit = fit_from(b, &pure);
    CHECK(fit.leave_one_out);
    CHECK_INT(fit.held_out, 12);
    CHECK_INT(fit.fitted, 12);
    CHECK(fit.error_after.mean < fit.error_before.mean);
}

/* The same run again neither counts twice nor judges itself. */
static void repeated_rows_are_one_run(void)
{
    bench *b = bench_of(everywhere, 4);
    vsh_stack pure = vsh_stack_pure(&b->hardware);
    vsh_stack_fit fit;

    for (int i = 1; i < STEPS; i += 2)
        b->step[i] = b->step[i - 1];
    measure(b, &truth, 0);
    fit = fit_from(b, &pure);
    CHECK_INT(fit.rows, STEPS);
    CHECK_INT(fit.runs, STEPS / 2);
    b->steps.count = 4;
    CHECK_FAILS(
        vsh_stack_fit_of(vsh_test_arena(), &b->steps, &pure, vsh_software_of(NULL), &fit, &err),
        &err, VSH_EINPUT, "expected at least 3 different runs, found 2");
}

static void the_null_model_is_right_where_all_runs_reach_one_share(void)
{
    bench *b = bench_of(everywhere, 1);
    vsh_stack pure = vsh_stack_pure(&b->hardware);
    vsh_stack_fit fit;

    b->steps.count = 3;
    for (int i = 0; i < 3; i++) {
        b->step[i] = b->step[0];
        b->step[i].run.laid.batch = 64 << i;
        b->step[i].seconds = 2.0 * (1 << i);
    }
    fit = fit_from(b, &pure);
    CHECK_NEAR(fit.error_null.worst, 0, 0, 1e-9);
}

/* ---- the file -------------------------------------------------------------------------------- */

static vsh_stack_figures figures(const char *name)
{
    vsh_stack_figures f = {.name = name};

    f.figure[0] = (vsh_figure){true, 0.71, 0.7, 0.72, "made \"up\"", NULL, VSH_TAG_CALIBRATED};
    f.figure[3] = (vsh_figure){true, 31.25e-6, 31.25e-6, 31.25e-6, "x", NULL, VSH_TAG_CALIBRATED};
    return f;
}

static vsh_hardware written(const vsh_doc *profile, const vsh_stack_figures *stack)
{
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_hardware read;
    vsh_doc doc;

    REQUIRE_OK(vsh_stack_file_write(vsh_test_arena(), profile, stack, &text, &err), &err);
    REQUIRE_OK(vsh_doc_parse(vsh_test_arena(), "out.yaml", text.data, text.length, &doc, &err),
               &err);
    REQUIRE_OK(vsh_hardware_from_doc(&doc, &read, &err), &err);
    return read;
}

/* Every shipped profile, so that every figure of it, with its source, survives. */
static void a_profile_with_a_stack_reads_back_the_same(void)
{
    static const char *const names[] = {"a100-80gb", "h100-sxm", "tpu-v5e", "tpu-v5p"};
    vsh_stack_figures mine = figures("my stack: 1");

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        vsh_hardware_row was[VSH_HARDWARE_ROWS], is[VSH_HARDWARE_ROWS];
        vsh_hardware before, after;
        char path[80];
        vsh_doc doc;
        snprintf(path, sizeof path, "hwprofiles/%s.yaml", names[i]);
        REQUIRE_OK(vsh_doc_read(vsh_test_arena(), path, &doc, &err), &err);
        REQUIRE_OK(vsh_hardware_from_doc(&doc, &before, &err), &err);
        after = written(&doc, &mine);
        REQUIRE(vsh_hardware_rows(&before, was) == vsh_hardware_rows(&after, is));
        for (int r = 0; r < vsh_hardware_rows(&before, was); r++) {
            CHECK(was[r].figure->value == is[r].figure->value);
            CHECK_INT(is[r].figure->tag, was[r].figure->tag);
            CHECK_TEXT(is[r].figure->source, was[r].figure->source);
        }
        CHECK_INT(after.stack_count, before.stack_count + 1);
        CHECK_TEXT(after.stack[after.stack_count - 1].name, "my stack: 1");
        CHECK(after.stack[after.stack_count - 1].figure[3].value == 31.25e-6);
        CHECK_TEXT(after.stack[after.stack_count - 1].figure[0].source, "made \"up\"");
    }
}

static void a_stack_replaces_the_one_of_its_name(void)
{
    vsh_doc doc = vsh_test_doc("name: a\nkind: gpu\npeak: {bf16: 1 TFLOP/s}\n"
                               "memory: {capacity: 1 GB, bandwidth: 1 GB/s}\n"
                               "stacks: {one: {matrix: 0.5}, two: {memory: 0.5}}\n");
    vsh_stack_figures one = figures("one"), ninth = figures("ninth");
    vsh_hardware h = written(&doc, &one);

    CHECK_INT(h.stack_count, 2);
    CHECK_TEXT(h.stack[0].name, "two");
    CHECK_TEXT(h.stack[1].name, "one");
    CHECK(h.stack[1].figure[0].value == 0.71);
    h = written(&doc, &ninth);
    CHECK_INT(h.stack_count, 3);
}

const vsh_test vsh_tests[] = {
    {"known_constants_come_back_within_a_thousandth",
     known_constants_come_back_within_a_thousandth},
    {"noise_moves_constants_by_no_more_than_their_error",
     noise_moves_constants_by_no_more_than_their_error},
    {"one_wrong_row_bends_nothing", one_wrong_row_bends_nothing},
    {"steps_of_one_chip_tell_nothing_of_the_network",
     steps_of_one_chip_tell_nothing_of_the_network},
    {"constants_that_the_steps_confirm_stay", constants_that_the_steps_confirm_stay},
    {"constants_stay_inside_their_range", constants_stay_inside_their_range},
    {"a_constant_at_an_end_of_its_range_is_not_identified",
     a_constant_at_an_end_of_its_range_is_not_identified},
    {"few_runs_are_judged_one_by_one", few_runs_are_judged_one_by_one},
    {"repeated_rows_are_one_run", repeated_rows_are_one_run},
    {"the_null_model_is_right_where_all_runs_reach_one_share",
     the_null_model_is_right_where_all_runs_reach_one_share},
    {"a_profile_with_a_stack_reads_back_the_same", a_profile_with_a_stack_reads_back_the_same},
    {"a_stack_replaces_the_one_of_its_name", a_stack_replaces_the_one_of_its_name},
    {NULL, NULL}};
