/* Laws fitted to the smaller models of published runs predict the largest, better than laws that
 * ignore experts, over-training or repetition. Skipped where the runs are not at hand. */
#include <math.h>
#include <string.h>

#include "core/file.h"
#include "planner/fit/fit.h"
#include "tests/harness.h"

const char vsh_suite[] = "fit_hold_out";

#define ROUTED "../shared/reference/loss_routed_moe_runs.csv"
#define OVERTRAINED "../shared/reference/loss_overtraining_runs.csv"
#define REPEATED "../shared/reference/loss_repeated_data_runs.csv"

static vsh_error err;

static bool here(const char *path)
{
    vsh_text text = {.arena = vsh_test_arena()};

    if (vsh_file_read_bounded(path, 1 << 20, &text) == VSH_READ_DONE)
        return true;
    vsh_skip("the published runs are not here");
    return false;
}

static vsh_hold_out held_out(const char *path, const vsh_run_columns *columns, const vsh_form *form,
                             double hold_out)
{
    vsh_fit_options options = {.form = form, .delta = 1e-3, .seed = 1, .hold_out = hold_out};
    vsh_runs runs;
    vsh_fit fit;

    REQUIRE_OK(vsh_runs_read(vsh_test_arena(), path, columns, &runs, &err), &err);
    REQUIRE_OK(vsh_fit_run(vsh_test_arena(), &runs, &options, &fit, &err), &err);
    CHECK_TEXT(fit.reason, "");
    REQUIRE(fit.identified);
    CHECK_INT(fit.hold_out.trained + fit.hold_out.held, runs.count);
    return fit.hold_out;
}

/* Each router's runs up to 370 M predict its 1.3 B models of 2 to 512 experts. */
static void experts_are_predicted_across_sizes(void)
{
    static const char *const routers[] = {"router_type=Dense,S-Base", "router_type=Dense,Hash",
                                          "router_type=Dense,RL-R"};

    if (!here(ROUTED))
        return;
    for (size_t i = 0; i < sizeof routers / sizeof routers[0]; i++) {
        vsh_run_columns columns = {.params = "dense_parameter_count",
                                   .loss = "loss_validation",
                                   .experts = "num_experts",
                                   .no_tokens = true,
                                   .where = {routers[i]},
                                   .where_count = 1};
        vsh_hold_out h = held_out(ROUTED, &columns, &vsh_form_routed, 1);
        CHECK_NEAR(h.params_from, 1308819456, 0, 0);
        CHECK(h.errors.mean < 0.04);
        CHECK(h.errors.mean < 0.75 * h.baseline_errors.mean);
        CHECK(h.errors.max < h.baseline_errors.max);
    }
}

/* Every training set on every validation set that has a dozen runs: the largest model from the
 * smaller ones, over-trained or not. */
static void overtraining_is_predicted_across_sizes(void)
{
    static const char *const sets[] = {"dataset=c4_original", "dataset=rpj", "dataset=rw_original"};
    static const char *const validation[] = {
        "val_set=c4_val/shard-{0000000..0000010}.tar",
        "val_set=de-en/val_de-en_100.tar",
        "val_set=openlm/shard_00000000.tar",
        "val_set=paloma_c4_en/00000001.tar",
        "val_set=paloma_dolma_100_programing_languages/00000001.tar",
        "val_set=paloma_falcon-refinedweb/00000001.tar",
        "val_set=paloma_ptb/00000001.tar",
        "val_set=paloma_redpajama/00000001.tar"};
    int better = 0, all = 0;

    if (!here(OVERTRAINED))
        return;
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 8; j++) {
            vsh_run_columns columns = {
                .loss = "loss_nats", .where = {sets[i], validation[j]}, .where_count = 2};
            vsh_hold_out h = held_out(OVERTRAINED, &columns, &vsh_form_tied, 1);
            all++;
            better += h.errors.median < h.baseline_errors.median;
        }
    CHECK_INT(all, 24);
    CHECK(better >= 21);
}

static void repetition_is_predicted_across_sizes(void)
{
    vsh_run_columns columns = {.loss = "val_loss_nats"};
    vsh_hold_out h;

    if (!here(REPEATED))
        return;
    h = held_out(REPEATED, &columns, &vsh_form_repeated, 2);
    CHECK(h.errors.median < 0.015);
    CHECK(h.errors.median < 0.4 * h.baseline_errors.median);
    CHECK(h.errors.mean < 0.6 * h.baseline_errors.mean);
}

/* Whole sizes are held out, so no size is on both sides. */
static void a_share_holds_out_whole_sizes(void)
{
    vsh_run_columns columns = {.loss = "val_loss_nats"};
    vsh_fit_options options = {.form = &vsh_form_repeated, .delta = 1e-3, .hold_out = 0.1};
    vsh_runs runs;
    vsh_fit fit;
    int from = 0;

    if (!here(REPEATED))
        return;
    REQUIRE_OK(vsh_runs_read(vsh_test_arena(), REPEATED, &columns, &runs, &err), &err);
    REQUIRE_OK(vsh_fit_run(vsh_test_arena(), &runs, &options, &fit, &err), &err);
    for (int i = 0; i < runs.count; i++)
        from += runs.run[i].at.params >= fit.hold_out.params_from;
    CHECK_INT(fit.hold_out.held, from);
    CHECK(fit.hold_out.held >= 0.1 * runs.count && fit.hold_out.held < 0.5 * runs.count);
}

const vsh_test vsh_tests[] = {
    {"experts_are_predicted_across_sizes", experts_are_predicted_across_sizes},
    {"overtraining_is_predicted_across_sizes", overtraining_is_predicted_across_sizes},
    {"repetition_is_predicted_across_sizes", repetition_is_predicted_across_sizes},
    {"a_share_holds_out_whole_sizes", a_share_holds_out_whole_sizes},
    {NULL, NULL}};
