#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/page.h"
#include "sim/figures/step_figure.h"
#include "sim/step_bars.h"
#include "sim/step_html.h"
#include "tests/harness.h"
#include "tests/sim/watched_step.h"

const char vsh_suite[] = "step_report";

static vsh_error err;

static const char dense[] = "name: small <&\nlayers: 8\nhidden: 256\nheads: 4\nffn: 1024\n"
                            "vocab: 1024\ncontext: 128\n";
static const char experts[] = "name: moe\nlayers: 4\nhidden: 256\nheads: 4\nffn: 512\n"
                              "vocab: 1024\ncontext: 128\n"
                              "experts: {count: 8, top_k: 2, hidden: 512}\n";

static watched_step *run_step(const char *profile, const char *model)
{
    return watch_step(&(watched_question){profile, model, .seq = 128, .sequences = 8,
                                          .micro_batches = 2, .spans_max = 5000});
}

/* A folder that is not there yet, in the test's arena. */
static const char *new_folder(void)
{
    char path[] = "/tmp/vishwa-report-XXXXXX";

    REQUIRE(mkdtemp(path));
    return vsh_path_join(vsh_test_arena(), path, "report");
}

static const char *content_of(const char *folder, const char *name)
{
    vsh_text text = {.arena = vsh_test_arena()};

    REQUIRE_OK(vsh_file_read(vsh_path_join(vsh_test_arena(), folder, name), &text, &err), &err);
    return vsh_text_string(&text);
}

/* The report's own folder and the one around it. */
static void remove_folder(const char *folder)
{
    static const char *const names[] = {
        "index.html",   "trace.json",     "gantt.gp",        "gantt.svg",    "roofline.gp",
        "roofline.svg", "utilization.gp", "utilization.svg", "waterfall.gp", "waterfall.svg"};
    char parent[PATH_MAX];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(vsh_path_join(vsh_test_arena(), folder, names[i]));
    CHECK(rmdir(folder) == 0); /* nothing else was written */
    snprintf(parent, sizeof parent, "%s", folder);
    *strrchr(parent, '/') = '\0';
    CHECK(rmdir(parent) == 0);
}

static void the_page_shows_every_operation_cause_and_constant(void)
{
    watched_step *s = run_step("hwprofiles/tpu-v6e.yaml", experts);
    const char *folder = new_folder(), *page;
    vsh_text talk = {.arena = vsh_test_arena()};
    vsh_status status = sim_step_report(vsh_test_arena(), folder, &s->in, &talk, &err);

    CHECK(status == VSH_OK || status == VSH_EMACHINE); /* gnuplot may be missing */
    page = content_of(folder, "index.html");
    for (int i = 0; i < s->answer.result->ops.count; i++)
        CHECK_HAS(page, s->answer.result->op[i].op->name);
    for (int i = 0; i < SIM_CAUSES; i++)
        CHECK_HAS(page, sim_cause_words[i]);
    CHECK_HAS(page, "matrix.near_latency");
    CHECK_HAS(page, "assumed, sibling");
    CHECK_HAS(page, "--model &#39;a&lt;b&#39;");
    CHECK(!strstr(page, "<script"));
    CHECK_HAS(content_of(folder, "trace.json"), "traceEvents");
    CHECK_HAS(vsh_text_string(&talk), "/index.html");
    remove_folder(folder);
}

static void the_pictures_are_in_the_page_when_gnuplot_draws(void)
{
    watched_step *s = run_step("hwprofiles/tpu-v5e.yaml", dense);
    const char *folder = new_folder(), *at;
    vsh_text talk = {.arena = vsh_test_arena()};
    int pictures = 0;

    if (sim_step_report(vsh_test_arena(), folder, &s->in, &talk, &err) != VSH_OK) {
        CHECK_HAS(err.text, "gnuplot");
        CHECK_HAS(content_of(folder, "index.html"), "not drawn, because gnuplot is missing");
        remove_folder(folder);
        vsh_skip("gnuplot is missing");
        return;
    }
    for (at = content_of(folder, "index.html"); (at = strstr(at, "<svg class=\"chart\"")); at++)
        pictures++;
    CHECK_INT(pictures, SIM_FIGURES);
    remove_folder(folder);
}

static void a_page_of_somebody_else_is_not_overwritten(void)
{
    watched_step *s = run_step("hwprofiles/tpu-v5e.yaml", dense);
    const char *folder = new_folder(), *path;
    vsh_text talk = {.arena = vsh_test_arena()}, foreign = {.arena = vsh_test_arena()};

    REQUIRE_OK(vsh_folder_make(folder, &err), &err);
    path = vsh_path_join(vsh_test_arena(), folder, "index.html");
    vsh_text_add(&foreign, "<p>mine");
    REQUIRE_OK(vsh_file_write(path, &foreign, &err), &err);
    CHECK_FAILS(sim_step_report(vsh_test_arena(), folder, &s->in, &talk, &err), &err, VSH_EINPUT,
                "--force");
    CHECK_TEXT(content_of(folder, "index.html"), "<p>mine");
    CHECK_INT(access(vsh_path_join(vsh_test_arena(), folder, "trace.json"), F_OK), -1);
    s->in.force = true;
    sim_step_report(vsh_test_arena(), folder, &s->in, &talk, &err);
    CHECK_HAS(content_of(folder, "index.html"), "A training step of");
    remove_folder(folder);
}

static void figures_stand_without_a_trace(void)
{
    watched_step *s = run_step("hwprofiles/tpu-v5e.yaml", dense);
    vsh_report_figure figures[SIM_FIGURES];

    s->in.trace = NULL;
    REQUIRE_OK(sim_make_figures(&s->in, vsh_test_arena(), figures, &err), &err);
    for (int i = 0; i < SIM_FIGURES; i++) {
        CHECK_HAS(vsh_text_string(&figures[i].script), "plot NaN");
        CHECK(figures[i].caption.length > 40);
    }
    CHECK_HAS(vsh_text_string(&figures[0].script), "'mlp.up dW'");
    CHECK(!strstr(vsh_text_string(&figures[0].script), "HBM read"));
}

/* Their operations run alone, and no bytes are counted on a timeline. */
static void hardware_without_a_timeline_is_drawn_too(void)
{
    watched_step *s = run_step("hwprofiles/a100-40gb.yaml", dense);
    vsh_report_figure figures[SIM_FIGURES];

    REQUIRE_OK(sim_make_figures(&s->in, vsh_test_arena(), figures, &err), &err);
    CHECK_HAS(vsh_text_string(&figures[0].script), "'mlp.up dW'");
    CHECK_HAS(vsh_text_string(&figures[1].script), "'bf16 matrix units 312 TFLOP/s'");
    for (int i = 0; i < SIM_FIGURES; i++)
        CHECK(!strstr(vsh_text_string(&figures[i].script), "nan"));
}

static void reports_are_the_same_twice(void)
{
    watched_step *a = run_step("hwprofiles/tpu-v5e.yaml", dense);
    watched_step *b = run_step("hwprofiles/tpu-v5e.yaml", dense);
    vsh_report_figure first[SIM_FIGURES], second[SIM_FIGURES];

    REQUIRE_OK(sim_make_figures(&a->in, vsh_test_arena(), first, &err), &err);
    REQUIRE_OK(sim_make_figures(&b->in, vsh_test_arena(), second, &err), &err);
    for (int i = 0; i < SIM_FIGURES; i++) {
        CHECK_TEXT(vsh_text_string(&first[i].script), vsh_text_string(&second[i].script));
        CHECK_TEXT(vsh_text_string(&first[i].caption), vsh_text_string(&second[i].caption));
    }
}

static void bars_fit_80_columns_and_name_the_heaviest_first(void)
{
    watched_step *s = run_step("hwprofiles/tpu-v6e.yaml", experts);
    int order[VSH_OPS_MAX], count = sim_step_heaviest(s->answer.result, order);
    vsh_text out = {.arena = vsh_test_arena()};
    char line[512];

    for (int i = 1; i < count; i++)
        CHECK(s->answer.result->op[order[i - 1]].cycles >= s->answer.result->op[order[i]].cycles);
    sim_step_print_bars(s->answer.result, (vsh_term){0}, &out);
    for (const char *at = out.data; *at; at += strcspn(at, "\n") + 1) {
        snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
        CHECK(vsh_columns(line) <= 80);
    }
    CHECK_HAS(out.data, sim_step_short_name(s->answer.result->op[order[0]].op));
}

const vsh_test vsh_tests[] = {
    {"the_page_shows_every_operation_cause_and_constant",
     the_page_shows_every_operation_cause_and_constant},
    {"the_pictures_are_in_the_page_when_gnuplot_draws",
     the_pictures_are_in_the_page_when_gnuplot_draws},
    {"a_page_of_somebody_else_is_not_overwritten", a_page_of_somebody_else_is_not_overwritten},
    {"figures_stand_without_a_trace", figures_stand_without_a_trace},
    {"hardware_without_a_timeline_is_drawn_too", hardware_without_a_timeline_is_drawn_too},
    {"reports_are_the_same_twice", reports_are_the_same_twice},
    {"bars_fit_80_columns_and_name_the_heaviest_first",
     bars_fit_80_columns_and_name_the_heaviest_first},
    {NULL, NULL},
};
