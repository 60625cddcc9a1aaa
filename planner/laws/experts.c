#include "planner/laws/experts.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "core/text.h"
#include "planner/laws/clark2022.h"
#include "planner/laws/ludziejewski2025.h"
#include "planner/laws/muennighoff2023.h"
#include "planner/laws/one_dimension.h"

/* The paper's vocabulary, and its one shape: a layer for each 64 of width. */
#define VOCABULARY 50257.0
#define WIDTH_A_LAYER 64.0
/* Widths that are looked at. */
#define WIDTH_LEAST 16.0
#define WIDTH_STEP 32.0
#define WIDTH_MOST 65536.0

enum { GOLDEN_STEPS = 42, HALVINGS = 46 };

/* ---- the best model ---------------------------------------------------------------------------
 */

typedef struct {
    double flops, experts;
    vsh_expert_limits limits;
    vsh_chinchilla law; /* of that many experts */
} experts_problem;

static const vsh_law *law_of(vsh_expert_limits limits)
{
    return limits.law ? limits.law : &vsh_ludziejewski2025;
}

static experts_problem pose(double flops, double experts, vsh_expert_limits limits)
{
    assert(flops > 0 && experts >= 1);
    return (experts_problem){flops, experts, limits, vsh_joint_form(law_of(limits), experts)};
}

static double total_at(double width, double experts)
{
    double block = width * width * width / WIDTH_A_LAYER;

    return 2 * width * VOCABULARY + (4 + 9 * experts) * block;
}

static double active_at(double width) { return total_at(width, 1); }

static double worth_of(double tokens, double unique)
{
    return unique > 0 ? vsh_muennighoff_effective_tokens(tokens, unique) : tokens;
}

static vsh_expert_run run_at(const experts_problem *p, double width)
{
    vsh_expert_run run = {.params_active = active_at(width),
                          .params_total = total_at(width, p->experts)};

    run.tokens = p->flops / 6 / run.params_active;
    run.worth = worth_of(run.tokens, p->limits.unique);
    run.loss = vsh_chinchilla_loss(&p->law, run.params_active, run.worth);
    return run;
}

static double less_than_total(const void *context, double width)
{
    return -total_at(width, *(const double *)context);
}

/* The greatest width with at most so many parameters in all; they grow with it. */
static double width_of(double params_total, double experts)
{
    double width =
        vsh_crossing(WIDTH_LEAST, WIDTH_MOST, 60, -params_total, less_than_total, &experts);

    return fmin(width, WIDTH_MOST);
}

static double widest(const experts_problem *p)
{
    return p->limits.total_max > 0 ? width_of(p->limits.total_max, p->experts) : WIDTH_MOST;
}

static double loss_at_width(const void *context, double width)
{
    return run_at(context, width).loss;
}

/* Along C = 6 N D' the loss has one minimum in the logarithm of the width. */
static vsh_expert_run search(const experts_problem *p, double most)
{
    return run_at(p, vsh_minimum(WIDTH_LEAST, most, GOLDEN_STEPS, loss_at_width, p));
}

/* Of any width: what is saved is found by halving, which steps of width would make coarse. */
static vsh_expert_run best_smooth(double flops, double experts, vsh_expert_limits limits)
{
    experts_problem problem = pose(flops, experts, limits);

    if (limits.total_max > 0 && total_at(WIDTH_LEAST, experts) > limits.total_max)
        return (vsh_expert_run){.loss = INFINITY};
    return search(&problem, widest(&problem));
}

vsh_expert_run vsh_experts_best(double flops, double experts, vsh_expert_limits limits)
{
    experts_problem problem = pose(flops, experts, limits);
    vsh_expert_run smooth = best_smooth(flops, experts, limits), below, above;
    double width;

    if (limits.total_max == 0 || !isfinite(smooth.loss) ||
        smooth.params_active < active_at(2 * WIDTH_STEP))
        return smooth;
    width = WIDTH_STEP * floor(width_of(smooth.params_active, 1) / WIDTH_STEP + 1e-9);
    below = run_at(&problem, width);
    above = run_at(&problem, width + WIDTH_STEP);
    return above.params_total <= limits.total_max && above.loss < below.loss ? above : below;
}

/* ---- what they save ---------------------------------------------------------------------------
 */

typedef struct {
    double experts;
    vsh_expert_limits limits;
} with_limits;

static double loss_of_budget(const void *context, double flops)
{
    const with_limits *w = context;

    return best_smooth(flops, w->experts, w->limits).loss;
}

/* The share of flops with which experts reach a loss under their limits. */
static double saving_to(double loss, double flops, double experts, vsh_expert_limits limits)
{
    with_limits w = {experts, limits};
    double needed =
        vsh_crossing(flops * exp(-10), flops * exp(10), HALVINGS, loss, loss_of_budget, &w);

    return isfinite(loss) && isfinite(needed) ? 1 - needed / flops : (double)NAN;
}

double vsh_experts_saving(double flops, double experts, vsh_expert_limits limits)
{
    return saving_to(best_smooth(flops, 1, limits).loss, flops, experts, limits);
}

double vsh_experts_saving_in_memory(double flops, double experts, vsh_expert_limits limits)
{
    vsh_expert_run dense = best_smooth(flops, 1, limits);

    limits.total_max = dense.params_total;
    return saving_to(dense.loss, flops, experts, limits);
}

static double loss_of(const vsh_law *law, double params_active, double tokens, double experts)
{
    return vsh_law_loss(law, &(vsh_point){params_active, tokens, 0, experts});
}

static double fresh_of(double tokens, double unique)
{
    return vsh_point_unique(&(vsh_point){.tokens = tokens, .unique = unique});
}

double vsh_experts_difference(const vsh_law *law, double experts, const vsh_expert_run *with,
                              const vsh_expert_run *dense, double unique)
{
    return loss_of(law, with->params_active, worth_of(with->tokens, unique), experts) -
           loss_of(law, dense->params_active, worth_of(dense->tokens, unique), 1);
}

bool vsh_experts_priced(const vsh_expert_run *run, double unique)
{
    return unique == 0 || run->tokens / unique - 1 <= VSH_REPEATS_MAX;
}

double vsh_experts_compute_share(const vsh_law *law, double experts, double params_active,
                                 double tokens)
{
    vsh_chinchilla dense = vsh_joint_form(law, 1);
    double reached = loss_of(law, params_active, tokens, experts) - dense.E;
    double before = vsh_chinchilla_loss(&dense, params_active, tokens) - dense.E;
    /* along the optimum L - E falls as C^-g (chinchilla.h) */
    double g = dense.alpha * dense.beta / (dense.alpha + dense.beta);

    return 1 - pow(reached / before, 1 / g);
}

/* ---- the crossover ----------------------------------------------------------------------------
 */

static vsh_crossover_side side_of(const vsh_expert_crossing *c)
{
    if (c->worth < c->crossover)
        return VSH_CROSSOVER_BELOW;
    if (c->fresh < c->crossover)
        return VSH_CROSSOVER_UNDECIDED;
    return c->fresh < VSH_CROSSOVER_FACTOR * c->crossover ? VSH_CROSSOVER_NEAR : VSH_CROSSOVER_FAR;
}

vsh_expert_crossing vsh_experts_crossing(const vsh_law *law, double experts, double params_active,
                                         double tokens, double unique)
{
    vsh_expert_run run = {.params_active = params_active, .tokens = tokens};
    vsh_expert_crossing c = {.law = law,
                             .experts = experts,
                             .params_active = params_active,
                             .crossover = vsh_joint_crossover(law, params_active, experts),
                             .fresh = fresh_of(tokens, unique),
                             .worth = worth_of(tokens, unique)};

    c.difference = vsh_experts_priced(&run, unique)
                       ? vsh_experts_difference(law, experts, &run, &run, unique)
                       : (double)NAN;
    c.extrapolated = params_active < law->params_low || params_active > law->params_high ||
                     c.crossover < law->tokens_low || experts > law->experts_high;
    c.side = side_of(&c);
    return c;
}

/* ": +0.024 nats", or nothing where none may be said. */
static vsh_figure_text tell_nats(const vsh_expert_crossing *c)
{
    vsh_figure_text text = {""};

    if (isfinite(c->difference))
        snprintf(text.text, sizeof text.text, ": %+.3f nats", c->difference);
    return text;
}

void vsh_experts_tell_crossing(const vsh_expert_crossing *c, char *room, int room_bytes)
{
    vsh_figure_text fresh = vsh_show_count(c->fresh), crossover = vsh_show_count(c->crossover);
    vsh_figure_text active = vsh_show_count(c->params_active), worth = vsh_show_count(c->worth);
    bool repeats = c->worth > 1.001 * c->fresh;
    const char *how = c->extrapolated ? ", extrapolated" : "", *law = c->law->title;
    size_t bytes = (size_t)room_bytes;

    switch (c->side) {
    case VSH_CROSSOVER_BELOW:
        snprintf(room, bytes,
                 "%g experts lose here: at %s active parameters they are worse than dense below %s "
                 "tokens (%s%s), and this run has %s%s",
                 c->experts, active.text, crossover.text, law, how, worth.text, tell_nats(c).text);
        return;
    case VSH_CROSSOVER_UNDECIDED:
        snprintf(room, bytes,
                 "experts are not advised: at %s active parameters %g of them are worse than dense "
                 "below %s tokens (%s%s); there are %s unique ones, worth %s when repeated to a "
                 "dense model, and nobody has measured what they are worth to experts",
                 active.text, c->experts, crossover.text, law, how, fresh.text, worth.text);
        return;
    case VSH_CROSSOVER_NEAR:
        snprintf(room, bytes,
                 "%g experts are worse than dense below %s tokens at %s active parameters (%s%s); "
                 "this run has %s%s, %.1f times that%s%s",
                 c->experts, crossover.text, active.text, law, how, fresh.text,
                 repeats ? " unique" : "", c->fresh / c->crossover, tell_nats(c).text,
                 repeats ? ", if repeats help them as they help a dense model" : "");
        return;
    case VSH_CROSSOVER_FAR:
        snprintf(room, bytes,
                 "%g experts are worse than dense below %s tokens at %s active parameters (%s%s); "
                 "this run has %s, %.3g times that",
                 c->experts, crossover.text, active.text, law, how, fresh.text,
                 c->fresh / c->crossover);
        return;
    }
}

/* ---- the table --------------------------------------------------------------------------------
 */

const char *const vsh_expert_verdicts[] = {"baseline",         "wins",        "FLOPs, not hours",
                                           "within noise",     "loses",       "undecided",
                                           "outside the data", "does not fit"};
const char *const vsh_expert_limit_names[] = {"unlimited", "memory", "memory and tokens"};

/* Tokens an active parameter that are outside its data. */
static double ratio_max(const vsh_law *law)
{
    return law == &vsh_ludziejewski2025 ? VSH_EXPERTS_RATIO_MAX
           : law->ratio_high > 0        ? law->ratio_high
                                        : (double)INFINITY;
}

/* A loss that guessing reaches, or a width that the search ends at, is none. */
static bool says_a_loss(const vsh_expert_row *row, char *reason, size_t room)
{
    if (row->best.loss >= log(VOCABULARY))
        snprintf(reason, room, "%.1f nats are above ln V = %.1f, which guessing reaches",
                 row->best.loss, log(VOCABULARY));
    else if (row->best.params_active < 1.001 * active_at(WIDTH_LEAST))
        snprintf(reason, room, "no narrower model than this was looked at");
    return reason[0] == '\0';
}

static bool is_outside(const vsh_expert_row *row, vsh_expert_limits limits, char *reason, int room)
{
    const vsh_expert_run *best = &row->best;
    const vsh_law *law = law_of(limits);
    vsh_point point = {best->params_active, best->tokens, 0, row->experts};

    if (best->tokens / best->params_active >= ratio_max(law))
        snprintf(reason, (size_t)room, "%.0f tokens an active parameter; %s %.0f",
                 best->tokens / best->params_active,
                 law == &vsh_ludziejewski2025 ? "the paper refuses" : "its runs had at most",
                 ratio_max(law));
    else if (vsh_law_valid(law, &point, reason, room) && !vsh_experts_priced(best, limits.unique))
        snprintf(reason, (size_t)room, "%.0f repeats of the tokens; validated up to %.0f",
                 best->tokens / limits.unique - 1, VSH_REPEATS_MAX);
    return reason[0] != '\0';
}

/* Why experts lose. */
static void tell_loss(const vsh_expert_crossing *c, const vsh_expert_run *run, char *reason,
                      size_t bytes)
{
    if (c->fresh < c->crossover)
        snprintf(reason, bytes, "%s%s tokens are below the crossover of %s",
                 vsh_show_count(c->fresh).text, c->worth > c->fresh ? " unique" : "",
                 vsh_show_count(c->crossover).text);
    else if (c->fresh < run->tokens)
        snprintf(reason, bytes, "%s epochs of the tokens are worth less than dense ones",
                 vsh_show_real(run->tokens / c->fresh).text);
    else
        snprintf(reason, bytes, "the memory holds a dense model that is better");
}

/* dense_priced: the difference, also where too many repeats forbid to show it. */
static vsh_expert_verdict judge(vsh_expert_row *row, double dense_priced, vsh_expert_limits limits)
{
    size_t room = sizeof row->reason;
    vsh_expert_crossing c;

    if (!isfinite(row->best.loss))
        return VSH_EXPERTS_NO_ROOM;
    if (row->experts <= 1)
        return VSH_EXPERTS_BASELINE;
    if (!says_a_loss(row, row->reason, room))
        return VSH_EXPERTS_OUTSIDE;
    c = vsh_experts_crossing(law_of(limits), row->experts, row->best.params_active,
                             row->best.tokens, limits.unique);
    if (c.side == VSH_CROSSOVER_BELOW || dense_priced > VSH_EXPERTS_NOISE_NATS) {
        tell_loss(&c, &row->best, row->reason, room);
        return VSH_EXPERTS_LOSE;
    }
    if (c.side == VSH_CROSSOVER_UNDECIDED)
        return VSH_EXPERTS_UNDECIDED;
    if (is_outside(row, limits, row->reason, (int)room))
        return VSH_EXPERTS_OUTSIDE;
    if (dense_priced > -VSH_EXPERTS_NOISE_NATS)
        return VSH_EXPERTS_NOISE;
    return row->hours_high < -VSH_EXPERTS_NOISE_NATS ? VSH_EXPERTS_WIN : VSH_EXPERTS_FLOPS_ONLY;
}

/* The difference in the same hours: experts get so much less compute. */
static double in_hours(double flops, double experts, vsh_expert_limits limits,
                       const vsh_expert_run *dense, double mfu_ratio)
{
    vsh_expert_run run = vsh_experts_best(flops * mfu_ratio, experts, limits);

    return vsh_experts_difference(law_of(limits), experts, &run, dense, limits.unique);
}

static void fill_savings(double flops, vsh_expert_limits limits, vsh_expert_row *row)
{
    row->saving = vsh_experts_saving(flops, row->experts, limits);
    row->saving_memory = vsh_experts_saving_in_memory(flops, row->experts, limits);
    row->time_low = vsh_experts_time_saved(row->saving, VSH_EXPERTS_MFU_LOW);
    row->time_high = vsh_experts_time_saved(row->saving, VSH_EXPERTS_MFU_HIGH);
}

/* Losses of a row whose best model was found; none where the law says none of the row or of the
 * dense run. */
static void fill_losses(double flops, vsh_expert_limits limits, const vsh_expert_run *dense,
                        vsh_expert_row *row)
{
    char ignored[sizeof row->reason] = "";
    vsh_expert_row baseline = {.best = *dense};

    if (!vsh_experts_priced(&row->best, limits.unique) ||
        !says_a_loss(row, ignored, sizeof ignored))
        return;
    row->loss = row->best.loss;
    if (!vsh_experts_priced(dense, limits.unique) ||
        !says_a_loss(&baseline, ignored, sizeof ignored))
        return;
    row->difference = row->loss - dense->loss;
    if (row->experts <= 1)
        return;
    row->hours_low = in_hours(flops, row->experts, limits, dense, VSH_EXPERTS_MFU_HIGH);
    row->hours_high = in_hours(flops, row->experts, limits, dense, VSH_EXPERTS_MFU_LOW);
}

/* Below the crossover, and where nobody has measured, no saving is promised. */
static bool promises(const vsh_expert_row *row)
{
    return isfinite(row->difference) && row->verdict != VSH_EXPERTS_LOSE &&
           row->verdict != VSH_EXPERTS_UNDECIDED && row->verdict != VSH_EXPERTS_NO_ROOM;
}

vsh_expert_row vsh_experts_row(double flops, double experts, vsh_expert_limits limits)
{
    vsh_expert_run dense = vsh_experts_best(flops, 1, limits);
    vsh_expert_row row = {.experts = experts,
                          .best = vsh_experts_best(flops, experts, limits),
                          .saving = NAN,
                          .saving_memory = NAN,
                          .time_low = NAN,
                          .time_high = NAN,
                          .loss = NAN,
                          .difference = NAN,
                          .hours_low = NAN,
                          .hours_high = NAN,
                          .crossover = NAN,
                          .dense_equivalent = NAN};

    if (isfinite(row.best.loss)) {
        row.dense_equivalent = vsh_clark_dense_equivalent(row.best.params_active, experts);
        fill_losses(flops, limits, &dense, &row);
        if (experts > 1)
            row.crossover = vsh_joint_crossover(law_of(limits), row.best.params_active, experts);
    }
    row.verdict = judge(&row, row.best.loss - dense.loss, limits);
    if (row.verdict == VSH_EXPERTS_BASELINE) /* a dense model is itself */
        row.saving = row.saving_memory = row.time_low = row.time_high = row.hours_low =
            row.hours_high = row.difference = 0;
    else if (promises(&row))
        fill_savings(flops, limits, &row);
    return row;
}

void vsh_experts_table(double flops, vsh_expert_limits limits, vsh_expert_table *t)
{
    const vsh_expert_row *here;

    *t = (vsh_expert_table){
        .flops = flops,
        .limits = {{0, 0, limits.law}, {limits.total_max, 0, limits.law}, limits},
        .limit_count = limits.unique > 0 ? 3 : 2,
        .advised = -1};
    for (int i = 0; i < t->limit_count; i++)
        for (int j = 0; j < VSH_EXPERT_ROWS; j++)
            t->row[i][j] = vsh_experts_row(flops, exp2(j), t->limits[i]);
    here = t->row[t->limit_count - 1];
    for (int j = 1; j < VSH_EXPERT_ROWS; j++)
        if (here[j].verdict == VSH_EXPERTS_WIN &&
            (t->advised < 0 || here[j].hours_high < here[t->advised].hours_high))
            t->advised = j;
}

const vsh_expert_row *vsh_experts_eight(const vsh_expert_table *t)
{
    return &t->row[t->limit_count - 1][3];
}

/* "if 23.2 B tokens are at hand", or how often those at hand are seen. */
static void tell_tokens(const vsh_expert_row *row, double unique, char *room, size_t bytes)
{
    vsh_figure_text shown = vsh_show_count(row->best.tokens);
    const char *tokens = shown.text;

    if (unique == 0)
        snprintf(room, bytes, "if %s tokens are at hand", tokens);
    else if (unique >= row->best.tokens)
        snprintf(room, bytes, "on %s of the tokens at hand", tokens);
    else
        snprintf(room, bytes,
                 "on %s tokens, %.1f epochs of those at hand, were a repeated token worth to "
                 "experts what it is to a dense model (nobody has measured it)",
                 tokens, row->best.tokens / unique);
}

void vsh_experts_tell(const vsh_expert_table *t, char *room, int room_bytes)
{
    const vsh_expert_row *eight = vsh_experts_eight(t);
    size_t bytes = (size_t)room_bytes;
    char tokens[200];

    if (t->advised >= 0) {
        const vsh_expert_row *row = &t->row[t->limit_count - 1][t->advised];
        tell_tokens(row, t->limits[t->limit_count - 1].unique, tokens, sizeof tokens);
        snprintf(
            room, bytes,
            "%g experts win: %.0f %% of the FLOPs and %.0f - %.0f %% of the time at equal loss, %s",
            row->experts, 100 * row->saving, 100 * row->time_low, 100 * row->time_high, tokens);
        return;
    }
    if (eight->verdict == VSH_EXPERTS_LOSE)
        snprintf(room, bytes, "stay dense: 8 experts lose here, %s", eight->reason);
    else
        snprintf(room, bytes, "stay dense: no number of experts wins in hours here (8 experts: %s)",
                 vsh_expert_verdicts[eight->verdict]);
}
