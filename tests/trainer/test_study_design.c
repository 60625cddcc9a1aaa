#include "trainer/study/study_design.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "study_design";

static vsh_error err;
static const vsh_library library = {{"."}};

/* A machine of round figures: no measurement, so lists are the same everywhere. */
static vsh_hardware machine_of(void)
{
    vsh_hardware machine;

    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), "hwprofiles/laptop.yaml", &machine, &err), &err);
    return machine;
}

static vsh_study_setup setup_of(int kind, const vsh_hardware *machine)
{
    return (vsh_study_setup){.kind = &vsh_study_kinds[kind],
                             .library = &library,
                             .threads = 2,
                             .memory_bytes = INT64_C(1) << 34,
                             .machine = machine,
                             .seed = 1};
}

static vsh_study study_of(int kind, double flops, const vsh_hardware *machine)
{
    vsh_study_setup setup = setup_of(kind, machine);
    vsh_study study;

    REQUIRE_OK(vsh_study_design(vsh_test_arena(), &setup, flops, &study, &err), &err);
    return study;
}

static void every_name_is_unique_and_every_point_later_than_the_one_before(void)
{
    for (int kind = 0; kind < 2; kind++) {
        vsh_study s = study_of(kind, 1e13, NULL);
        int runs = 0;
        REQUIRE(s.curves > 5);
        for (int i = 0; i < s.curves; i++) {
            const vsh_study_curve *c = &s.curve[i];
            runs += c->points;
            for (int j = 0; j < i; j++)
                CHECK(strcmp(c->name, s.curve[j].name) != 0);
            CHECK(c->points >= 1 && c->warmup < vsh_study_branch_step(&c->point[0]));
            for (int k = 0; k < c->points; k++)
                CHECK(vsh_study_branch_step(&c->point[k]) < c->point[k].steps);
            for (int k = 1; k < c->points; k++)
                CHECK(c->point[k].steps > c->point[k - 1].steps);
        }
        CHECK_INT(s.runs, runs);
    }
}

static void budgets_are_half_decades_of_counted_flops(void)
{
    vsh_study s = study_of(0, 1e13, NULL);
    bool seen[VSH_STUDY_POINTS] = {false};

    for (int i = 0; i < s.curves; i++)
        for (int k = 0; k < s.curve[i].points; k++) {
            const vsh_study_point *p = &s.curve[i].point[k];
            double flops = (double)p->steps * s.curve[i].flops_per_step;
            CHECK_NEAR(flops, 1e13 * pow(10, 0.5 * (p->budget - 4)), 0.02, 0);
            seen[p->budget] = true;
        }
    for (int k = 0; k <= 5; k++) /* five, and the held-out model's */
        CHECK(seen[k]);
}

static void no_run_has_fewer_steps_than_a_loss_needs_to_follow_a_law(void)
{
    for (int kind = 0; kind < 2; kind++)
        for (double flops = 1e13; flops < 1e15; flops *= 3) {
            vsh_study s = study_of(kind, flops, NULL);
            int64_t least = INT64_MAX;
            for (int i = 0; i < s.curves; i++)
                for (int k = 0; k < s.curve[i].points; k++)
                    if (s.curve[i].role == VSH_STUDY_CURVE)
                        least =
                            s.curve[i].point[k].steps < least ? s.curve[i].point[k].steps : least;
            CHECK(least >= vsh_study_kinds[kind].steps_least && least >= 250);
        }
}

static void each_budget_of_the_law_has_sizes_on_both_sides_of_the_guess(void)
{
    vsh_study s = study_of(0, 1e14, NULL);

    for (int budget = 0; budget < 5; budget++) {
        double guess = sqrt(1e14 * pow(10, 0.5 * (budget - 4)) / 500);
        int below = 0, above = 0;
        for (int i = 0; i < s.curves; i++)
            for (int k = 0; k < s.curve[i].points; k++)
                if (s.curve[i].role == VSH_STUDY_CURVE && s.curve[i].point[k].budget == budget) {
                    below += (double)s.curve[i].params_total < guess;
                    above += (double)s.curve[i].params_total > guess;
                }
        CHECK(below >= 1 && above >= 1);
    }
}

static void the_held_out_model_comes_last_and_is_larger_than_all(void)
{
    vsh_study s = study_of(0, 1e13, NULL);
    const vsh_study_curve *last = &s.curve[s.curves - 1];

    CHECK_INT(last->role, VSH_STUDY_HELD_OUT);
    for (int i = 0; i + 1 < s.curves; i++) {
        CHECK(s.curve[i].role != VSH_STUDY_HELD_OUT);
        CHECK(s.curve[i].params_total < last->params_total);
    }
}

static void experts_have_the_active_parameters_of_dense_but_for_the_router(void)
{
    vsh_study s = study_of(1, 1e12, NULL);
    int peers = 0;

    for (int i = 0; i < s.curves; i++)
        for (int j = 0; j < s.curves; j++) {
            const vsh_study_curve *a = &s.curve[i], *b = &s.curve[j];
            if (!a->family->experts || b->family->experts || b->family->exit || a->size != b->size)
                continue;
            CHECK_INT(a->params_active,
                      b->params_active + a->size->layers * a->size->hidden * a->family->experts);
            peers++;
        }
    CHECK(peers > 10);
}

/* Tokens of a text of the experts' study: 0 all, and from the most to the least. */
static int64_t text_of(const vsh_study *s, int text)
{
    int64_t most = text == 1 ? INT64_MAX : text_of(s, 1), found = 0;

    for (int i = 0; text && i < s->curves; i++)
        if (s->curve[i].unique_tokens < most && s->curve[i].unique_tokens > found)
            found = s->curve[i].unique_tokens;
    return found;
}

static void every_text_and_three_seeds_of_every_family(void)
{
    vsh_study s = study_of(1, 1e12, NULL);

    for (int f = 0; f < vsh_study_kinds[1].family_count; f++)
        for (int text = 0; text <= VSH_STUDY_LITTLE; text++)
            for (uint64_t seed = 1; seed <= 3; seed++) {
                int count = 0;
                CHECK((text_of(&s, text) > 0) == (text > 0));
                for (int i = 0; i < s.curves; i++)
                    count += s.curve[i].role == VSH_STUDY_CURVE && s.curve[i].seed == seed &&
                             s.curve[i].family == &vsh_study_kinds[1].families[f] &&
                             s.curve[i].unique_tokens == text_of(&s, text);
                CHECK(count >= 2);
            }
}

/* Dense models of this budget that are at least as large. */
static int dense_peers(const vsh_study *s, int64_t params_total, int budget)
{
    int peers = 0;

    for (int i = 0; i < s->curves; i++) {
        const vsh_study_curve *c = &s->curve[i];
        if (c->role != VSH_STUDY_CURVE || c->family->experts || c->params_total < params_total)
            continue;
        for (int k = 0; k < c->points; k++)
            peers += c->point[k].budget == budget;
    }
    return peers;
}

/* Else there is nothing to compare them with at equal total parameters. (Not for all:
 * dense models so much larger than their budget's best would have hardly any steps.) */
static void experts_of_both_kinds_have_dense_models_as_large_at_their_budget(void)
{
    vsh_study s = study_of(1, 1e12, NULL);
    int reached[3] = {0}, asked[3] = {0};

    for (int i = 0; i < s.curves; i++) {
        const vsh_study_curve *c = &s.curve[i];
        if (c->role != VSH_STUDY_CURVE || !c->family->experts)
            continue;
        for (int k = 0; k < c->points; k++) {
            asked[c->family->top_k]++;
            reached[c->family->top_k] += dense_peers(&s, c->params_total, c->point[k].budget) > 0;
        }
    }
    for (int k = 1; k <= 2; k++) {
        CHECK(asked[k] > 20);
        CHECK(reached[k] > 10);
    }
}

static void little_text_is_seen_several_times(void)
{
    vsh_study s = study_of(1, 1e12, NULL);

    for (int i = 0; i < s.curves; i++) {
        const vsh_study_curve *c = &s.curve[i];
        double seen =
            (double)(c->point[c->points - 1].steps * c->batch_tokens) / (double)c->unique_tokens;
        double epochs = c->unique_tokens == text_of(&s, 1) ? 8 : 64;
        if (c->unique_tokens && c->family->experts && c->point[c->points - 1].budget == 2)
            CHECK(seen > epochs / 3 && seen < epochs * 3);
    }
}

static void the_configuration_reads_back_as_the_curve(void)
{
    vsh_study s = study_of(1, 1e12, NULL);

    for (int i = 0; i < s.curves; i++) {
        const vsh_study_curve *c = &s.curve[i];
        vsh_text yaml = {.arena = vsh_test_arena()};
        vsh_run_config config;
        vsh_study_yaml(c, 2.5e-3, &yaml);
        REQUIRE_OK(vsh_run_config_parse(vsh_test_arena(), &library, c->name, &yaml, NULL, 0,
                                        &config, &err),
                   &err);
        CHECK_INT(config.model.hidden, c->size->hidden);
        CHECK_INT(config.model.experts.count, c->family->experts);
        CHECK_INT(config.batch.tokens, c->batch_tokens);
        CHECK_INT(config.unique_tokens, c->unique_tokens);
        CHECK_INT(config.schedule.kind, VSH_SCHEDULE_CONSTANT);
        CHECK_NEAR(config.schedule.peak, 2.5e-3, 1e-9, 0);
        CHECK_INT((int64_t)config.seed, (int64_t)c->seed);
    }
}

/* What a branch trains after the trunk is the cooldown of one wsd run of the same length. */
static void a_branch_leaves_where_wsd_begins_to_fall(void)
{
    for (int64_t steps = 10; steps < 5000; steps += 37) {
        vsh_study_point point = {.steps = steps};
        vsh_schedule wsd = {VSH_SCHEDULE_WSD, 1, steps, 2, VSH_STUDY_COOLDOWN, 0};
        int64_t part = vsh_study_branch_step(&point);
        CHECK_NEAR(vsh_schedule_rate(&wsd, part), 1, 0, 0);
        CHECK(vsh_schedule_rate(&wsd, part + 1) < 1);
    }
}

/* ---- time ---------------------------------------------------------------------------------- */

static void more_time_buys_a_larger_budget_that_still_fits(void)
{
    vsh_hardware machine = machine_of();
    vsh_study_setup setup = setup_of(0, &machine);
    double before = 0;

    for (double seconds = 100; seconds < 1e5; seconds *= 4) {
        vsh_study study;
        REQUIRE_OK(vsh_study_fit_time(vsh_test_arena(), &setup, seconds, &study, &err), &err);
        CHECK(study.seconds <= seconds && study.seconds > seconds / 3);
        CHECK(study.largest_flops > before);
        before = study.largest_flops;
    }
}

static void a_machine_slower_than_its_roofline_gets_less(void)
{
    vsh_hardware machine = machine_of();
    vsh_study_setup setup = setup_of(0, &machine);
    vsh_study fast, slow;

    REQUIRE_OK(vsh_study_fit_time(vsh_test_arena(), &setup, 3600, &fast, &err), &err);
    setup.probe[0] = (vsh_study_probe){1e5, false, 4, 0.1};
    setup.probes = 1;
    REQUIRE_OK(vsh_study_fit_time(vsh_test_arena(), &setup, 3600, &slow, &err), &err);
    CHECK(slow.largest_flops < fast.largest_flops / 2);
    CHECK(slow.largest_flops > fast.largest_flops / 12);
}

static void no_time_is_no_study(void)
{
    vsh_hardware machine = machine_of();
    vsh_study_setup setup = setup_of(0, &machine);
    vsh_study study;

    CHECK_FAILS(vsh_study_fit_time(vsh_test_arena(), &setup, 1e-9, &study, &err), &err, VSH_ENO,
                "too short");
}

/* ---- rates --------------------------------------------------------------------------------- */

static void a_parabola_gives_its_lowest_point_back(void)
{
    double rate[VSH_STUDY_RATES], loss[VSH_STUDY_RATES];
    bool inside;

    for (int i = 0; i < VSH_STUDY_RATES; i++) {
        rate[i] = 1e-3 * pow(2, i);
        loss[i] = 2 + 0.3 * pow(log(rate[i] / 3.3e-3), 2);
    }
    CHECK_NEAR(vsh_study_best_rate(rate, loss, VSH_STUDY_RATES, &inside), 3.3e-3, 1e-9, 0);
    CHECK(inside);
}

static void an_end_of_the_grid_and_lost_runs_are_told(void)
{
    static const double rate[] = {1, 2, 4, 8};
    static const double falling[] = {4, 3, 2, 1};
    const double lost[] = {3, 2, NAN, NAN}, none[] = {NAN, NAN, NAN, NAN};
    bool inside;

    CHECK_NEAR(vsh_study_best_rate(rate, falling, 4, &inside), 8, 0, 0);
    CHECK(!inside);
    CHECK_NEAR(vsh_study_best_rate(rate, lost, 4, &inside), 2, 0, 0);
    CHECK(!inside);
    CHECK(isnan(vsh_study_best_rate(rate, none, 4, &inside)));
}

static void a_rate_follows_the_rule_from_one_size_and_the_power_through_two(void)
{
    const vsh_study_tuned tuned[] = {{1e4, 8e-3, true}, {1e6, 8e-4, true}};

    CHECK_NEAR(vsh_study_rate(tuned, 1, 8e4), 4e-3, 1e-12, 0);
    CHECK_NEAR(vsh_study_rate(tuned, 2, 1e5), 8e-3 / sqrt(10), 1e-12, 0);
    CHECK_NEAR(vsh_study_rate(tuned, 2, 1e6), 8e-4, 1e-12, 0);
    CHECK(isnan(vsh_study_rate(tuned, 0, 1e5)));
}

/* Five rates each, and the second grid is of a size that the study trains as well. */
static void the_law_tunes_its_rates_at_two_sizes(void)
{
    vsh_study s = study_of(0, 1e14, NULL);
    const vsh_study_size *first = s.curve[0].size, *last = first;
    int at[2] = {0, 0};

    for (int i = 0; i < s.curves && s.curve[i].role == VSH_STUDY_TUNE; i++) {
        last = s.curve[i].size;
        at[last != first]++;
        CHECK(s.curve[i].rate > 2e-4 && s.curve[i].rate < 2e-2);
    }
    CHECK_INT(at[0], 2 * VSH_STUDY_RATES);
    CHECK_INT(at[1], VSH_STUDY_RATES);
    CHECK(vsh_study_size_params(last) > 5 * vsh_study_size_params(first));
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

const vsh_test vsh_tests[] = {
    TEST(every_name_is_unique_and_every_point_later_than_the_one_before),
    TEST(budgets_are_half_decades_of_counted_flops),
    TEST(no_run_has_fewer_steps_than_a_loss_needs_to_follow_a_law),
    TEST(each_budget_of_the_law_has_sizes_on_both_sides_of_the_guess),
    TEST(the_held_out_model_comes_last_and_is_larger_than_all),
    TEST(experts_have_the_active_parameters_of_dense_but_for_the_router),
    TEST(every_text_and_three_seeds_of_every_family),
    TEST(experts_of_both_kinds_have_dense_models_as_large_at_their_budget),
    TEST(little_text_is_seen_several_times),
    TEST(the_configuration_reads_back_as_the_curve),
    TEST(a_branch_leaves_where_wsd_begins_to_fall),
    TEST(more_time_buys_a_larger_budget_that_still_fits),
    TEST(a_machine_slower_than_its_roofline_gets_less),
    TEST(no_time_is_no_study),
    TEST(a_parabola_gives_its_lowest_point_back),
    TEST(an_end_of_the_grid_and_lost_runs_are_told),
    TEST(a_rate_follows_the_rule_from_one_size_and_the_power_through_two),
    TEST(the_law_tunes_its_rates_at_two_sizes),
    {NULL, NULL},
};
