#include "planner/tuning/hyperparameters.h"

#include <assert.h>
#include <math.h>

double vsh_kaplan_critical_batch(double loss) { return 2e8 / pow(loss, 1 / 0.21); }

/* 93.20 (N / 1e6)^0.47 sequences of 512 tokens, N = D / 20; on C4, 85 M - 1.2 B parameters. At a
 * fixed D it hardly moves with N (exponent 0.087): it is a law of D. Secondary; in D derived. */
double vsh_zhang_critical_batch(double tokens) { return 512 * 93.20 * pow(tokens / 20e6, 0.47); }

double vsh_kaplan_overfit_tokens(double params) { return 5e3 * pow(params, 0.74); }

/* ---- learning rate and batch --------------------------------------------------------------- */

/* The geometric mean of what was added, and its ends. */
typedef struct {
    double log_sum, low, high;
    int count;
} gathered;

static void gather(gathered *g, double value)
{
    g->low = g->count ? fmin(g->low, value) : value;
    g->high = g->count ? fmax(g->high, value) : value;
    g->log_sum += log(value);
    g->count++;
}

static double mean(const gathered *g) { return exp(g->log_sum / g->count); }

/* One law alone has a range too: the loss is flat over a factor of two (Step Law's plateau). Where
 * none was fitted laws may agree for no reason, as all of those do that are held to VSH_RATE_MAX:
 * no range is narrower than that there, and it opens downwards. */
static void widen(gathered *g, bool extrapolated)
{
    if (g->count == 1) {
        g->low /= sqrt(2);
        g->high *= sqrt(2);
    }
    if (extrapolated)
        g->low = fmin(g->low, g->high / VSH_EXTRAPOLATED_RANGE);
}

static void gather_rates(const vsh_tuned *run, const bool valid[VSH_TUNING_LAWS], bool any,
                         gathered *g, bool used[VSH_TUNING_LAWS])
{
    for (int i = 0; i < VSH_TUNING_LAWS; i++) {
        const vsh_tuning_law *law = &vsh_tuning_laws[i];
        double rate = law->rate(run);
        used[i] = !law->shown_only && (valid[i] || any) && rate > 0;
        if (used[i])
            gather(g, any ? fmin(rate, VSH_RATE_MAX) : rate);
    }
}

static void gather_batches(const vsh_tuned *run, const bool valid[VSH_TUNING_LAWS], bool any,
                           gathered *g)
{
    for (int i = 0; i < VSH_TUNING_LAWS; i++) {
        const vsh_tuning_law *law = &vsh_tuning_laws[i];
        if (law->batch_tokens && !law->shown_only && (valid[i] || any))
            gather(g, law->batch_tokens(run));
    }
}

vsh_hyperparameters vsh_hyperparameters_of(const vsh_tuned *run)
{
    vsh_hyperparameters h = {0};
    gathered rate = {0}, batch = {0};
    bool valid[VSH_TUNING_LAWS];
    char reason[80];

    assert(run && run->non_embedding > 0 && run->tokens > 0);
    for (int i = 0; i < VSH_TUNING_LAWS; i++)
        valid[i] = vsh_tuning_law_valid(&vsh_tuning_laws[i], run, reason, sizeof reason);
    gather_rates(run, valid, false, &rate, h.used);
    h.rate_extrapolated = rate.count == 0;
    if (h.rate_extrapolated)
        gather_rates(run, valid, true, &rate, h.used);
    gather_batches(run, valid, false, &batch);
    h.batch_extrapolated = batch.count == 0;
    if (h.batch_extrapolated)
        gather_batches(run, valid, true, &batch);
    widen(&rate, h.rate_extrapolated);
    widen(&batch, h.batch_extrapolated);
    h.rate = mean(&rate), h.rate_low = rate.low, h.rate_high = rate.high;
    h.batch_tokens = mean(&batch), h.batch_low = batch.low, h.batch_high = batch.high;
    return h;
}

double vsh_batch_near(double wanted, double unit, double tokens)
{
    double batch = unit * exp2(fmax(0, round(log2(wanted / unit))));

    while (tokens / batch < VSH_STEPS_MIN && batch > unit)
        batch /= 2;
    return batch;
}

/* ---- the rest ------------------------------------------------------------------------------ */

/* Runs shorter than a thousand steps spend a tenth of them: assumed. */
#define WARMUP_SHARE_MAX 0.1
/* Up to so many tokens a step beta2 = .95 is worse than .99: Porian 2024, figure 3, 128 sequences
 * of 2,048. */
#define SMALL_BATCH 262144.0
/* From here on every token is seen again. */
#define EPOCHS_REPEATED 2.0

static double within(double value, double low, double high) { return fmax(low, fmin(high, value)); }

vsh_schedule_advice vsh_schedule_advice_of(const vsh_tuned *run, double batch_tokens, double epochs)
{
    double steps = run->tokens / batch_tokens, most = WARMUP_SHARE_MAX * steps;
    bool repeats = epochs >= EPOCHS_REPEATED;
    vsh_schedule_advice a = {.cooldown_share = 0.2,
                             .beta1 = 0.9,
                             .beta2 = batch_tokens <= SMALL_BATCH ? 0.99 : 0.95,
                             .weight_decay = repeats ? 1 : 0.1,
                             .weight_decay_low = 0.1,
                             .weight_decay_high = repeats ? 3 : 0.1,
                             .clip = 1};

    assert(batch_tokens > 0 && epochs >= 1 - 1e-9);
    a.warmup_low = within(0.01 * steps, 100, 2000);
    a.warmup_high = fmax(a.warmup_low, within(run->matmul / batch_tokens, 100, 2000));
    a.warmup_low = floor(fmin(a.warmup_low, most));
    a.warmup_high = floor(fmin(a.warmup_high, most));
    a.warmup_steps = floor(within(0.02 * steps, a.warmup_low, a.warmup_high));
    return a;
}

void vsh_settings_of(const vsh_schedule_advice *a, vsh_setting settings[VSH_SETTINGS])
{
    const vsh_setting all[VSH_SETTINGS] = {
        {"warmup_steps", "warmup steps", a->warmup_steps, a->warmup_low, a->warmup_high,
         "1 % of the steps (arXiv:2402.07871) to N tokens (arXiv:2406.19146), 100 to 2,000 steps",
         VSH_EVIDENCE_PRIMARY},
        {"cooldown_share", "cooldown, share of the steps", a->cooldown_share, a->cooldown_share,
         a->cooldown_share, "arXiv:2405.18392: gains end at about 20 %, and match a cosine's",
         VSH_EVIDENCE_SECONDARY},
        {"beta1", "beta1", a->beta1, a->beta1, a->beta1, "the usual value", VSH_EVIDENCE_MEMORY},
        {"beta2", "beta2", a->beta2, a->beta2, a->beta2,
         "arXiv:2406.19146: .95 is worse up to 262,144 tokens a step", VSH_EVIDENCE_SECONDARY},
        {"weight_decay", "weight decay", a->weight_decay, a->weight_decay_low, a->weight_decay_high,
         a->weight_decay > 0.5 ? "arXiv:2605.01640: 1.0 takes 70 % off the price of repeating; to "
                                 "30 times the usual in arXiv:2509.14786 (secondary)"
                               : "the usual value",
         a->weight_decay > 0.5 ? VSH_EVIDENCE_PRIMARY : VSH_EVIDENCE_MEMORY},
        {"gradient_clip", "gradient clipped at norm", a->clip, a->clip, a->clip, "the usual value",
         VSH_EVIDENCE_MEMORY},
        {"steps_min", "steps at least", VSH_STEPS_MIN, VSH_STEPS_MIN, VSH_STEPS_MIN,
         "fewer do not use the data well (docs/model.md)", VSH_EVIDENCE_ASSUMED},
    };

    for (int i = 0; i < VSH_SETTINGS; i++)
        settings[i] = all[i];
}
