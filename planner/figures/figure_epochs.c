#include "planner/figures/figure.h"

#include <math.h>
#include <stdio.h>

#include "planner/figures/figure_common.h"
#include "planner/laws/muennighoff2023.h"
#include "planner/laws/repetition.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define REAL(value) vsh_show_real(value).text
#define POWER(value) vsh_show_power(value).text
#define AMOUNT(value) vsh_show_amount(value).text

enum { EPOCH_HEIGHT = 510, EPOCH_CURVES = 4 };

typedef struct {
    double unique[EPOCH_CURVES];
    int count, given; /* given: the one the user asked about, -1 for none */
} epoch_curves;

static void add_curve(epoch_curves *c, double unique)
{
    if (c->count == EPOCH_CURVES)
        return;
    for (int i = 0; i < c->count; i++)
        if (fabs(log(c->unique[i] / unique)) < log(1.8))
            return;
    c->unique[c->count++] = unique;
}

static const vsh_law *law_of(const plan *p) { return vsh_law_of_repetition(p->request.law); }

/* The best use of the budget on so many unique tokens; 0: unlimited. */
static vsh_optimum best_on(const plan *p, double unique)
{
    return vsh_law_optimum(law_of(p), p->flops, &(vsh_point){.unique = unique, .experts = 1});
}

/* Whether a point repeats no more than laws were validated for, R_N where the law has one. */
static bool validated(const vsh_law *law, const vsh_point *point)
{
    bool usable = law->form == &vsh_form_repeated;
    vsh_repeats repeats =
        vsh_repeats_of(usable ? law->coefficient : vsh_muennighoff2023.coefficient, point);

    return repeats.tokens <= VSH_REPEATS_MAX && (!usable || repeats.params <= VSH_REPEATS_MAX);
}

/* The tokens at hand, those that were measured, then fractions of what the budget could use. */
static epoch_curves choose_curves(const plan *p)
{
    static const double measured[] = {1e8, 4e8, 1.5e9, 4e9, 1.2e10, 3.5e10};
    double wanted = best_on(p, 0).tokens;
    epoch_curves c = {.given = -1};

    if (p->request.unique_tokens > 0) {
        c.given = 0;
        add_curve(&c, p->request.unique_tokens);
    }
    for (int i = (int)(sizeof measured / sizeof measured[0]) - 1; i >= 0; i--)
        if (wanted / measured[i] > 1.5 && wanted / measured[i] < 150)
            add_curve(&c, measured[i]);
    for (int i = 1; i <= 3; i++)
        add_curve(&c, wanted / pow(4, i));
    return c;
}

/* The whole budget on unique tokens seen so many times. */
static vsh_point epoch_point(const plan *p, double unique, double epochs)
{
    double tokens = unique * epochs;

    return (vsh_point){p->flops / 6 / tokens, tokens, epochs > 1 ? unique : 0, 1};
}

/* Columns: epochs, loss, loss where R_N and R_D are within what was validated. */
static void write_epochs(const plan *p, const epoch_curves *c, double most_epochs, double *least,
                         vsh_text *s)
{
    char name[32];

    for (int i = 0; i < c->count; i++) {
        snprintf(name, sizeof name, "tokens%d", i);
        vsh_chart_data(s, name);
        for (int j = 0; j < 2 * PLAN_SAMPLES; j++) {
            double epochs = plan_spaced(1, most_epochs, j, 2 * PLAN_SAMPLES), loss;
            vsh_point point = epoch_point(p, c->unique[i], epochs);
            loss = vsh_law_loss(law_of(p), &point);
            VSH_CHART_ROW(s, epochs, loss, validated(law_of(p), &point) ? loss : VSH_GAP);
            *least = fmin(*least, loss);
        }
        vsh_chart_data_end(s);
    }
}

/* Measured runs on repeated tokens, near this budget and near a curve's unique tokens. */
static int write_repeated(const plan *p, const epoch_curves *c, double most_epochs, double *most,
                          vsh_text *s)
{
    int count, written = 0;
    const vsh_anchor *anchors = vsh_anchors(&count);
    char name[32];

    for (int i = 0; i < c->count; i++) {
        snprintf(name, sizeof name, "measured%d", i);
        vsh_chart_data(s, name);
        VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
        for (int j = 0; j < count; j++) {
            const vsh_anchor *a = &anchors[j];
            double epochs = a->tokens / a->unique;
            if (law_of(p)->anchor_corpus != VSH_C4 || a->corpus != VSH_C4 ||
                fabs(log(a->unique / c->unique[i])) > log(1.35) || epochs > most_epochs ||
                fabs(log(vsh_anchor_flops(a) / p->flops)) > log(4))
                continue;
            VSH_CHART_ROW(s, epochs, a->loss);
            *most = fmax(*most, a->loss);
            written++;
        }
        vsh_chart_data_end(s);
    }
    return written;
}

/* What the law of this figure says of the recommended run. */
static double repeated_loss(const plan *p)
{
    const plan_run *run = &p->recommended;
    double params = run->loss_law == law_of(p) ? run->point.params : (double)run->parameters.total;

    if (!plan_has_run(p))
        return VSH_GAP;
    return vsh_law_loss(law_of(p), &(vsh_point){params, run->tokens, run->unique_tokens, 1});
}

static const struct {
    const char *line, *point;
} curve_looks[EPOCH_CURVES] = {
    {"dashtype solid " VSH_COLOUR(VSH_BLUE), "pointtype 7 pointsize 1 " VSH_COLOUR(VSH_BLUE)},
    {"dashtype (8,4) " VSH_COLOUR(VSH_GREEN), "pointtype 5 pointsize 1 " VSH_COLOUR(VSH_GREEN)},
    {"dashtype (2,3) " VSH_COLOUR(VSH_INK), "pointtype 9 pointsize 1 " VSH_COLOUR(VSH_INK)},
    {"dashtype (8,3,2,3) " VSH_COLOUR(VSH_PURPLE),
     "pointtype 11 pointsize 1 " VSH_COLOUR(VSH_PURPLE)}};

/* A curve is thin where the law is not validated, heavy where it is, with its measured runs. */
static void plot_epochs(const plan *p, const epoch_curves *c, const vsh_panel *panel, vsh_text *s)
{
    char data[EPOCH_CURVES][3][40], looks[EPOCH_CURVES][2][96], words[EPOCH_CURVES][64];
    vsh_series series[3 * EPOCH_CURVES + 1];
    int count = 0;

    for (int i = 0; i < c->count; i++) {
        bool given = i == c->given;
        snprintf(data[i][0], sizeof data[i][0], "$tokens%d using 1:2", i);
        snprintf(data[i][1], sizeof data[i][1], "$tokens%d using 1:3", i);
        snprintf(data[i][2], sizeof data[i][2], "$measured%d using 1:2", i);
        snprintf(looks[i][0], sizeof looks[i][0], "%s linewidth %s", curve_looks[i].line,
                 given ? "2.2" : "1.2");
        snprintf(looks[i][1], sizeof looks[i][1], "%s linewidth %s", curve_looks[i].line,
                 given ? "5" : "3");
        snprintf(words[i], sizeof words[i], "%s unique tokens%s", COUNT(c->unique[i]),
                 given ? ", yours" : "");
        series[count++] = (vsh_series){VSH_DRAW_LINE, data[i][0], looks[i][0], NULL};
        series[count++] = (vsh_series){VSH_DRAW_LINE, data[i][1], looks[i][1], words[i]};
        series[count++] = (vsh_series){VSH_DRAW_POINT, data[i][2], curve_looks[i].point, words[i]};
    }
    series[count++] = plan_run_series(p->data_limited && plan_has_run(p));
    vsh_chart_plot(s, panel, series, count);
}

/* The number of measured runs in the figure. */
static int draw_epochs(const plan *p, const epoch_curves *c, vsh_text *s)
{
    static const vsh_panel panel = {EPOCH_HEIGHT, 46, 74, 374, 448, 2};
    double fewest = INFINITY, least = INFINITY, worst, most = 0, most_epochs,
           limit = VSH_REPEATS_MAX + 1;
    int measured;

    for (int i = 0; i < c->count; i++)
        fewest = fmin(fewest, c->unique[i]);
    most_epochs = fmax(60, fmin(400, 4 * best_on(p, fewest).tokens / fewest));
    write_epochs(p, c, most_epochs, &least, s);
    measured = write_repeated(p, c, most_epochs, &most, s);
    plan_write_point(s, "plan", p->data_limited ? p->recommended.epochs : VSH_GAP,
                     repeated_loss(p));
    worst = best_on(p, fewest).loss;
    worst = plan_top_loss(worst, least);
    most = fmax(most, worst + 0.6 * (worst - least));
    vsh_chart_panel(s, &panel, "loss at this budget, nats a token",
                    "epochs over the unique tokens");
    vsh_chart_log_axis(s, "x", 1, most_epochs, VSH_TICK_PLAIN, 1);
    vsh_chart_axis(s, "y", least - 0.15 * (worst - least),
                   plan_top_loss(fmin(most + 0.1, least + 3.5 * (worst - least)), least));
    vsh_chart_box(s, PLAN_SHADE_LOOK, "from first %g,graph 0 to graph 1,graph 1 back", limit);
    vsh_chart_line(s, "linewidth 2 " VSH_COLOUR(VSH_INK),
                   "from first %g,graph 0 to first %g,graph 1 back", limit, limit);
    vsh_chart_label(s, "R_D > 20: not validated", "at first %g,graph 0.04 left offset 0.5,0",
                    limit);
    plot_epochs(p, c, &panel, s);
    return measured;
}

static void tell_epochs(const plan *p, const epoch_curves *c, int measured, vsh_text *caption)
{
    double shown = c->unique[0];
    vsh_optimum best = best_on(p, shown);
    vsh_optimum unlimited = best_on(p, 0);

    vsh_text_add(caption,
                 "Every point spends %s FLOP, so more epochs mean a smaller model. With %s "
                 "unique tokens the best is %s parameters for %s epochs, loss %.2f; "
                 "unlimited tokens (%s of them) would give %.2f (%s, on %s). ",
                 POWER(p->flops), COUNT(shown), COUNT(best.params), REAL(best.tokens / shown),
                 best.loss, COUNT(unlimited.tokens), unlimited.loss, law_of(p)->title,
                 law_of(p)->corpus);
    if (p->data_limited && plan_has_run(p))
        vsh_text_add(caption, "The recommended run makes %s epochs in %s h. ",
                     REAL(p->recommended.epochs), AMOUNT(p->recommended.hours));
    vsh_text_add(caption,
                 "Thin lines: the law is not validated, over 20 repeats of the tokens "
                 "(shaded) or of the parameters they fill; real losses are higher there. ");
    vsh_text_add(caption, "%s",
                 measured ? "Symbols: measured runs near this compute on about as "
                            "many unique tokens; their recipe alone puts them some "
                            "0.2 above the law."
                          : "No measured run lies near this budget.");
}

vsh_status plan_draw_epochs(const plan *p, vsh_report_figure *f, vsh_error *err)
{
    epoch_curves c = choose_curves(p);

    (void)err;
    vsh_chart_begin(&f->script, f->name, EPOCH_HEIGHT, f->title);
    int measured = draw_epochs(p, &c, &f->script);
    vsh_chart_end(&f->script);
    tell_epochs(p, &c, measured, &f->caption);
    return VSH_OK;
}
