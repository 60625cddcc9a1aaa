#include "planner/laws/law_file.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/field.h"
#include "planner/laws/covariance.h"
#include "planner/laws/uncertainty.h"

/* Of fewer draws the ends of a 95 % interval are the least and the most of them. */
enum { NAME_BYTES_MAX = 60, DRAWS_LEAST = 20, DRAWS_MOST = 1000 };

/* The file as it is written; the rest of a vsh_law follows from it. */
typedef struct {
    const char *name, *corpus, *source;
    int form, n_counts;
    const vsh_node *coefficients, *stderr_, *covariance, *draws, *open, *residuals, *fitted;
    int64_t runs;
    double residual_sd;
} law_nodes;

typedef struct {
    const vsh_node *params, *tokens;
    const vsh_node *flops;
    double ratio_min, ratio_max, experts_max, repeats_max;
} fitted_nodes;

#define AT(field) offsetof(law_nodes, field)

static const vsh_field law_fields[] = {
    {"name", VSH_FIELD_TEXT, AT(name), true},
    {"form", VSH_FIELD_WORD, AT(form), true, .words = vsh_form_words},
    {"coefficients", VSH_FIELD_NODE, AT(coefficients), true},
    {"stderr", VSH_FIELD_NODE, AT(stderr_)},
    {"covariance", VSH_FIELD_NODE, AT(covariance)},
    {"draws", VSH_FIELD_NODE, AT(draws)},
    {"open", VSH_FIELD_NODE, AT(open)},
    {"n_counts", VSH_FIELD_WORD, AT(n_counts), true, .words = vsh_n_counts_names},
    {"corpus", VSH_FIELD_TEXT, AT(corpus), true},
    {"source", VSH_FIELD_TEXT, AT(source)},
    {"fitted", VSH_FIELD_NODE, AT(fitted), true},
    {"residual_sd", VSH_FIELD_REAL, AT(residual_sd), false, 0, 1},
    {"residuals", VSH_FIELD_NODE, AT(residuals)},
    {"runs", VSH_FIELD_INTEGER, AT(runs), false, 1, 1e9},
    {NULL}};

static const vsh_field fitted_fields[] = {
    {"params", VSH_FIELD_NODE, offsetof(fitted_nodes, params), true},
    {"tokens", VSH_FIELD_NODE, offsetof(fitted_nodes, tokens), true},
    {"flops", VSH_FIELD_NODE, offsetof(fitted_nodes, flops)},
    {"ratio_max", VSH_FIELD_REAL, offsetof(fitted_nodes, ratio_max), false, 0, 1e18},
    {"ratio_min", VSH_FIELD_REAL, offsetof(fitted_nodes, ratio_min), false, 0, 1e6},
    {"repeats_max", VSH_FIELD_REAL, offsetof(fitted_nodes, repeats_max), false, 0, 1e6},
    {"experts_max", VSH_FIELD_REAL, offsetof(fitted_nodes, experts_max), false, 0, 65536},
    {NULL}};

/* ---- one part of the file each ---------------------------------------------------------------
 */

static vsh_status check_words(const vsh_doc *doc, const char *key, size_t most, vsh_error *err)
{
    const vsh_node *node = vsh_node_get(doc->root, key);
    size_t length = node && node->text ? strlen(node->text) : 1;

    if (length == 0 || length > most)
        return vsh_doc_expected(doc, node, err, "a text of 1 to %zu bytes", most);
    return VSH_OK;
}

/* A name stands in columns, where it may be cut. */
static vsh_status check_name(const vsh_doc *doc, vsh_error *err)
{
    const vsh_node *node = vsh_node_get(doc->root, "name");

    VSH_TRY(check_words(doc, "name", NAME_BYTES_MAX, err));
    for (const char *c = node->text; *c; c++)
        if (*c & 0x80)
            return vsh_doc_expected(doc, node, err, "a name in plain ASCII");
    return VSH_OK;
}

/* A map of the form's coefficients: the form is the schema. */
static vsh_status read_by_name(const vsh_doc *doc, const vsh_node *map, const vsh_form *form,
                               bool errors, double out[VSH_COEFFICIENTS], vsh_error *err)
{
    vsh_field fields[VSH_COEFFICIENTS + 1] = {{NULL}};

    for (int i = 0; form->coefficient[i]; i++) {
        bool positive = errors || form->positive & 1U << i;
        fields[i] = (vsh_field){form->coefficient[i],    VSH_FIELD_REAL,
                                (size_t)i * sizeof *out, !errors,
                                positive ? 0 : -100,     positive ? 1e30 : 100};
    }
    return vsh_fields_read(doc, map, fields, true, out, err);
}

static vsh_status read_row(const vsh_doc *doc, const vsh_node *list, int count, const char *what,
                           const vsh_field *field, double *out, vsh_error *err)
{
    const vsh_node *node = list->first;

    if (list->kind != VSH_NODE_LIST || list->child_count != count)
        return vsh_doc_expected(doc, list, err, "%s", what);
    for (int i = 0; i < count; i++, node = node->next)
        VSH_TRY(vsh_field_read_value(doc, node, field, &out[i], err));
    return VSH_OK;
}

static vsh_status check_covariance(const vsh_doc *doc, const vsh_node *node, const double *matrix,
                                   int count, vsh_error *err)
{
    double lower[VSH_COEFFICIENTS][VSH_COEFFICIENTS];

    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++) {
            double above = matrix[j * count + i], below = matrix[i * count + j];
            if (fabs(above - below) > 1e-9 * fmax(fabs(above), fabs(below)))
                return vsh_doc_wrong(doc, node, err,
                                     "not symmetric: row %d column %d is %.10g, row %d column %d "
                                     "is %.10g",
                                     j + 1, i + 1, above, i + 1, j + 1, below);
        }
    if (!vsh_covariance_factor(matrix, count, lower))
        return vsh_doc_wrong(doc, node, err, "not positive semidefinite: no covariance");
    return VSH_OK;
}

static vsh_status read_covariance(vsh_arena *arena, const vsh_doc *doc, const vsh_node *list,
                                  const vsh_form *form, const double **covariance, vsh_error *err)
{
    static const vsh_field entry = {NULL, VSH_FIELD_REAL, 0, false, -1e6, 1e6};
    int count = vsh_form_count(form);
    double *matrix = vsh_alloc(arena, (size_t)(count * count), sizeof *matrix);
    const vsh_node *row = list->first;
    char what[80];

    if (!matrix)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", doc->path);
    snprintf(what, sizeof what, "%d rows of %d numbers, one for each coefficient", count, count);
    if (list->kind != VSH_NODE_LIST || list->child_count != count)
        return vsh_doc_expected(doc, list, err, "%s", what);
    for (int i = 0; i < count; i++, row = row->next)
        VSH_TRY(read_row(doc, row, count, what, &entry, matrix + i * count, err));
    VSH_TRY(check_covariance(doc, list, matrix, count, err));
    *covariance = matrix;
    return VSH_OK;
}

/* Each row is a law: the coefficients as they are. */
static vsh_status read_draws(vsh_arena *arena, const vsh_doc *doc, const vsh_node *list,
                             vsh_law *law, vsh_error *err)
{
    static const vsh_field entry = {NULL, VSH_FIELD_REAL, 0, false, -1e300, 1e300};
    int count = vsh_form_count(law->form), rows = (int)list->child_count;
    const vsh_node *row = list->first;
    double *draws;
    char what[80];

    if (list->kind != VSH_NODE_LIST || rows < DRAWS_LEAST || rows > DRAWS_MOST)
        return vsh_doc_expected(doc, list, err, "%d to %d rows of coefficients", DRAWS_LEAST,
                                DRAWS_MOST);
    draws = vsh_alloc(arena, (size_t)(rows * count), sizeof *draws);
    if (!draws)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", doc->path);
    snprintf(what, sizeof what, "%d numbers, one for each coefficient", count);
    for (int d = 0; d < rows; d++, row = row->next) {
        VSH_TRY(read_row(doc, row, count, what, &entry, draws + d * count, err));
        for (int i = 0; i < count; i++)
            if (law->form->positive & 1U << i && draws[d * count + i] < 0)
                return vsh_doc_wrong(doc, row, err, "%s is below 0", law->form->coefficient[i]);
    }
    law->draws = draws;
    law->draw_count = rows;
    return VSH_OK;
}

/* Names of coefficients. */
static vsh_status read_open(const vsh_doc *doc, const vsh_node *list, vsh_law *law, vsh_error *err)
{
    const vsh_node *node = list->first;

    if (list->kind != VSH_NODE_LIST)
        return vsh_doc_expected(doc, list, err, "a list of coefficients");
    for (int k = 0; k < (int)list->child_count; k++, node = node->next) {
        int i = 0;
        while (law->form->coefficient[i] &&
               !(node->text && strcmp(node->text, law->form->coefficient[i]) == 0))
            i++;
        if (!law->form->coefficient[i])
            return vsh_doc_expected(doc, node, err, "a coefficient of the form %s",
                                    law->form->name);
        law->open |= 1U << i;
    }
    return VSH_OK;
}

static vsh_status read_residuals(vsh_arena *arena, const vsh_doc *doc, const vsh_node *list,
                                 vsh_law *law, vsh_error *err)
{
    static const vsh_field entry = {NULL, VSH_FIELD_REAL, 0, false, -1, 1000};
    double *residuals = vsh_alloc(arena, VSH_RESIDUALS, sizeof *residuals);
    char what[80];

    if (!residuals)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", doc->path);
    snprintf(what, sizeof what, "%d quantiles, the least first", VSH_RESIDUALS);
    VSH_TRY(read_row(doc, list, VSH_RESIDUALS, what, &entry, residuals, err));
    for (int i = 1; i < VSH_RESIDUALS; i++)
        if (residuals[i] < residuals[i - 1])
            return vsh_doc_expected(doc, list, err, "%s", what);
    if (!(law->residual_sd > 0))
        return vsh_doc_wrong(doc, list, err, "residuals without residual_sd");
    law->residuals = residuals;
    return VSH_OK;
}

static vsh_status read_span(const vsh_doc *doc, const vsh_node *list, double most, double *low,
                            double *high, vsh_error *err)
{
    const vsh_field bound = {NULL, VSH_FIELD_REAL, 0, false, 1, most};
    double span[2];

    VSH_TRY(read_row(doc, list, 2, "[least, most]", &bound, span, err));
    if (span[0] > span[1])
        return vsh_doc_expected(doc, list, err, "[least, most], the least first");
    *low = span[0];
    *high = span[1];
    return VSH_OK;
}

static vsh_status read_fitted(vsh_arena *arena, const vsh_doc *doc, const vsh_node *map,
                              vsh_law *law, vsh_error *err)
{
    fitted_nodes nodes = {0};
    vsh_text range = {.arena = arena};

    VSH_TRY(vsh_fields_read(doc, map, fitted_fields, true, &nodes, err));
    VSH_TRY(read_span(doc, nodes.params, 1e18, &law->params_low, &law->params_high, err));
    VSH_TRY(read_span(doc, nodes.tokens, 1e18, &law->tokens_low, &law->tokens_high, err));
    if (nodes.flops)
        VSH_TRY(read_span(doc, nodes.flops, 1e38, &law->flops_low, &law->flops_high, err));
    law->experts_high = nodes.experts_max;
    law->ratio_low = nodes.ratio_min;
    law->ratio_high = nodes.ratio_max;
    law->repeats_max = nodes.repeats_max;
    vsh_text_add(&range, "%s - %s parameters, %s - %s tokens", vsh_show_count(law->params_low).text,
                 vsh_show_count(law->params_high).text, vsh_show_count(law->tokens_low).text,
                 vsh_show_count(law->tokens_high).text);
    if (law->experts_high > 1)
        vsh_text_add(&range, ", up to %g experts", law->experts_high);
    law->range = vsh_text_string(&range);
    return range.failed ? vsh_fail(err, VSH_EMACHINE, "%s: out of memory", doc->path) : VSH_OK;
}

/* ---- the law -----------------------------------------------------------------------------------
 */

/* Coefficients each in range may still make nonsense together. */
static vsh_status check_sense(const vsh_doc *doc, const vsh_law *law, const vsh_node *coefficients,
                              vsh_error *err)
{
    vsh_point low = {law->params_low, law->tokens_low, 0, 1, 0};
    vsh_point high = {law->params_high, law->tokens_high, 0, 1, 0};
    double flops = 6 * sqrt(low.params * high.params) * sqrt(low.tokens * high.tokens);
    vsh_optimum best = vsh_law_optimum(law, flops, NULL);

    if (law->form->loss && !(isfinite(vsh_law_loss(law, &low)) && vsh_law_loss(law, &low) > 0 &&
                             isfinite(vsh_law_loss(law, &high)) && vsh_law_loss(law, &high) > 0))
        return vsh_doc_wrong(doc, coefficients, err,
                             "no finite positive loss at the ends of the fitted range");
    if (!law->form->no_tokens && !(isfinite(best.params) && best.params > 0 && best.tokens > 0))
        return vsh_doc_wrong(doc, coefficients, err,
                             "no best size for a budget inside the fitted range");
    return VSH_OK;
}

/* Coefficients that make sense may be drawn with such widths that they do not: then there is no
 * interval to print. */
static vsh_status check_draws(const vsh_doc *doc, const vsh_law *law, const vsh_node *node,
                              vsh_error *err)
{
    vsh_point corner[] = {{law->params_low, law->tokens_low, 0, 1, 0},
                          {law->params_high, law->tokens_high, 0, 1, 0},
                          {sqrt(law->params_low * law->params_high),
                           sqrt(law->tokens_low * law->tokens_high), 0, 1, 0}};
    vsh_draw_options options = {.flops = 6 * corner[2].params * corner[2].tokens, .seed = 1};
    vsh_interval loss = {0}, params, tokens;

    for (int i = 0; i < 3 && law->form->loss; i++) {
        VSH_TRY(vsh_uncertain_law(law, &corner[i], &loss, err));
        if (!isfinite(loss.high))
            return vsh_doc_wrong(doc, node, err,
                                 "some draws have no finite positive loss in the fitted range");
    }
    if (law->form->loss && loss.high > fmax(log(VSH_GUESSES), 2 * vsh_law_loss(law, &corner[2])))
        return vsh_doc_wrong(doc, node, err,
                             "leaves the loss in the middle of the fitted range open: %.3g - %.3g",
                             loss.low, loss.high);
    if (law->form->no_tokens)
        return VSH_OK;
    VSH_TRY(vsh_uncertain_optimum(law, &options, &params, &tokens, &loss, err));
    if (!(isfinite(params.high) && params.low > 0 && isfinite(tokens.high) && tokens.low > 0))
        return vsh_doc_wrong(doc, node, err, "some draws have no best size for a budget");
    return VSH_OK;
}

/* A corpus that a known law was fitted on, word for word, is that corpus. */
static void find_corpus(vsh_law *law)
{
    law->anchor_corpus = VSH_ANY_CORPUS;
    for (int i = 0; i < VSH_LAW_COUNT; i++)
        if (strcmp(vsh_laws[i]->corpus, law->corpus) == 0) {
            law->anchor_corpus = vsh_laws[i]->anchor_corpus;
            law->same_corpus = vsh_laws[i]->same_corpus;
        }
}

vsh_status vsh_law_from_doc(vsh_arena *arena, const vsh_doc *doc, vsh_law *law, vsh_error *err)
{
    law_nodes nodes = {.source = "no source given"};

    assert(arena && doc && law);
    if (doc->root->kind != VSH_NODE_MAP)
        return vsh_doc_expected(doc, doc->root, err, "a law: a map of keys such as form");
    VSH_TRY(vsh_fields_read(doc, doc->root, law_fields, true, &nodes, err));
    VSH_TRY(check_name(doc, err));
    VSH_TRY(check_words(doc, "corpus", VSH_LAW_WORDS_BYTES_MAX, err));
    VSH_TRY(check_words(doc, "source", VSH_LAW_WORDS_BYTES_MAX, err));
    *law = (vsh_law){.name = nodes.name,
                     .title = nodes.name,
                     .form = vsh_forms[nodes.form],
                     .source = nodes.source,
                     .evidence = VSH_EVIDENCE_FIT,
                     .corpus = nodes.corpus,
                     .n_counts = (vsh_n_counts)nodes.n_counts,
                     .residual_sd = nodes.residual_sd,
                     .runs = (int)nodes.runs};
    VSH_TRY(read_by_name(doc, nodes.coefficients, law->form, false, law->coefficient, err));
    if (nodes.stderr_)
        VSH_TRY(read_by_name(doc, nodes.stderr_, law->form, true, law->stderr_, err));
    if (nodes.covariance)
        VSH_TRY(read_covariance(arena, doc, nodes.covariance, law->form, &law->covariance, err));
    if (nodes.draws)
        VSH_TRY(read_draws(arena, doc, nodes.draws, law, err));
    if (nodes.open)
        VSH_TRY(read_open(doc, nodes.open, law, err));
    if (nodes.residuals)
        VSH_TRY(read_residuals(arena, doc, nodes.residuals, law, err));
    VSH_TRY(read_fitted(arena, doc, nodes.fitted, law, err));
    find_corpus(law);
    VSH_TRY(check_sense(doc, law, nodes.coefficients, err));
    if (!nodes.draws && !nodes.covariance)
        return VSH_OK;
    return check_draws(doc, law, nodes.draws ? nodes.draws : nodes.covariance, err);
}

vsh_status vsh_law_read(vsh_arena *arena, const char *path, vsh_law *law, vsh_error *err)
{
    vsh_doc doc;

    VSH_TRY(vsh_doc_read(arena, path, &doc, err));
    return vsh_law_from_doc(arena, &doc, law, err);
}

/* ---- writing -----------------------------------------------------------------------------------
 */

static void write_words(const char *key, const char *words, vsh_text *out)
{
    vsh_text_add(out, "%s: '", key);
    for (; *words; words++)
        vsh_text_add(out, *words == '\'' ? "''" : "%c", *words);
    vsh_text_add(out, "'\n");
}

/* The shortest of the decimals that read back the same. */
static void write_number(double value, vsh_text *out)
{
    char digits[40];

    assert(isfinite(value));
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    vsh_text_add(out, "%s", digits);
}

static void write_by_name(const char *key, const vsh_form *form, const double *values, bool known,
                          vsh_text *out)
{
    const char *before = "";

    vsh_text_add(out, "%s: {", key);
    for (int i = 0; form->coefficient[i]; i++) {
        if (known && values[i] == 0)
            continue; /* not published */
        vsh_text_add(out, "%s%s: ", before, form->coefficient[i]);
        write_number(values[i], out);
        before = ", ";
    }
    vsh_text_add(out, "}\n");
}

static void write_list(const double *values, int count, vsh_text *out)
{
    for (int i = 0; i < count; i++) {
        vsh_text_add(out, i ? ", " : "[");
        write_number(values[i], out);
    }
    vsh_text_add(out, "]");
}

static void write_rows(const double *rows, int count, int columns, vsh_text *out)
{
    for (int i = 0; i < count; i++) {
        vsh_text_add(out, "  - ");
        write_list(rows + i * columns, columns, out);
        vsh_text_add(out, "\n");
    }
}

static void write_open(const vsh_law *law, vsh_text *out)
{
    const char *before = "open: [";

    for (int i = 0; law->form->coefficient[i]; i++)
        if (law->open & 1U << i) {
            vsh_text_add(out, "%s%s", before, law->form->coefficient[i]);
            before = ", ";
        }
    vsh_text_add(out, "] # its runs do not tell these\n");
}

static void write_width(const vsh_law *law, vsh_text *out)
{
    int count = vsh_form_count(law->form);

    if (law->open)
        write_open(law, out);
    if (law->covariance) {
        vsh_text_add(
            out, "covariance: # of the coefficients in that order, positive ones as logarithms\n");
        write_rows(law->covariance, count, count, out);
    }
    if (law->draw_count > 0) {
        vsh_text_add(out, "draws: # of a bootstrap: what intervals are taken from\n");
        write_rows(law->draws, law->draw_count, count, out);
    }
}

/* What is zero was not said. */
static void write_bound(const char *key, double value, vsh_text *out)
{
    if (value <= 0)
        return;
    vsh_text_add(out, ", %s: ", key);
    write_number(value, out);
}

static void write_fitted(const vsh_law *law, vsh_text *out)
{
    vsh_text_add(out, "fitted: {params: ");
    write_list((const double[]){law->params_low, law->params_high}, 2, out);
    vsh_text_add(out, ", tokens: ");
    write_list((const double[]){law->tokens_low, law->tokens_high}, 2, out);
    if (law->flops_high > 0) {
        vsh_text_add(out, ", flops: ");
        write_list((const double[]){law->flops_low, law->flops_high}, 2, out);
    }
    write_bound("ratio_min", law->ratio_low, out);
    write_bound("ratio_max", law->ratio_high, out);
    write_bound("repeats_max", law->repeats_max, out);
    write_bound("experts_max", law->experts_high, out);
    vsh_text_add(out, "}\n");
}

void vsh_law_write(const vsh_law *law, vsh_text *out)
{
    assert(law && out);
    write_words("name", law->name, out);
    vsh_text_add(out, "form: %s\n", law->form->name);
    write_by_name("coefficients", law->form, law->coefficient, false, out);
    write_by_name("stderr", law->form, law->stderr_, true, out);
    write_width(law, out);
    vsh_text_add(out, "n_counts: %s\n", vsh_n_counts_names[law->n_counts]);
    write_words("corpus", law->corpus, out);
    write_words("source", law->source, out);
    write_fitted(law, out);
    if (law->residual_sd > 0) {
        vsh_text_add(out, "residual_sd: ");
        write_number(law->residual_sd, out);
        vsh_text_add(out, "\n");
    }
    if (law->residuals) {
        vsh_text_add(out, "residuals: ");
        write_list(law->residuals, VSH_RESIDUALS, out);
        vsh_text_add(out, "\n");
    }
    if (law->runs > 0)
        vsh_text_add(out, "runs: %d\n", law->runs);
}
