#include "planner/plan_simulate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/child.h"
#include "core/model_write.h"

/* ---- the question -----------------------------------------------------------------------------
 */

/* The optimizer whose recipe this is; the one that keeps the nearest number of bytes when the
 * recipe is none of theirs. */
static vsh_optimizer optimizer_of(const plan_request *r, bool *exact)
{
    vsh_optimizer best = VSH_ADAMW;
    double least = INFINITY;

    *exact = false;
    for (int o = 0; o < VSH_OPTIMIZER_COUNT && !*exact; o++) {
        const vsh_recipe *recipe = vsh_recipe_for(r->precision, (vsh_optimizer)o);
        double distance = fabs(vsh_recipe_bytes(recipe) - vsh_recipe_bytes(r->recipe));
        *exact = recipe == r->recipe;
        if (*exact || distance < least) {
            best = (vsh_optimizer)o;
            least = distance;
        }
    }
    return best;
}

/* A profile that was measured and not kept has no file: the simulator measures again. */
static const char *hardware_of(const plan_request *r)
{
    return access(r->hardware->path, R_OK) == 0 ? r->hardware->path : "auto";
}

vsh_status plan_question_of(vsh_arena *arena, const char *program, const plan_request *r,
                            const plan_run *run, plan_question *question, bool *exact,
                            vsh_error *err)
{
    const vsh_work *work = &run->work;
    const vsh_step_question step = {
        .program = program,
        .hardware = hardware_of(r),
        .model = "/dev/stdin",
        .seq = work->seq,
        .batch = work->sequences * (int64_t)llround(run->accumulate),
        .micro = work->sequences,
        .precision = work->precision,
        .recompute = work->recompute,
        .optimizer = optimizer_of(r, exact),
        .experts = run->model.experts.count > 0,
    };

    *question = (plan_question){.model = {.arena = arena}};
    VSH_TRY(vsh_step_words(arena, &step, question->argv, err));
    vsh_model_write(&run->model, "", &question->model);
    if (question->model.failed)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    return VSH_OK;
}

bool plan_question_same(const plan_question *a, const plan_question *b)
{
    for (int i = 0; a->argv[i] || b->argv[i]; i++)
        if (!a->argv[i] || !b->argv[i] || strcmp(a->argv[i], b->argv[i]) != 0)
            return false;
    return strcmp(vsh_text_string(&a->model), vsh_text_string(&b->model)) == 0;
}

/* ---- the answer -------------------------------------------------------------------------------
 */

/* Shares of a waterfall, and times of operations, are checked one by one. */
typedef struct {
    double time_s, model_flops;
    const char *bound, *caveat;
    const vsh_node *ops, *waterfall;
} step_fields;

typedef struct {
    const char *phase;
    double time_s;
} op_fields;

#define AT(type, field) offsetof(type, field)

static const vsh_field step_table[] = {
    {"time_s", VSH_FIELD_REAL, AT(step_fields, time_s), true, 1e-12, 1e15},
    {"model_flops", VSH_FIELD_REAL, AT(step_fields, model_flops), true, 1, 1e30},
    {"bound", VSH_FIELD_TEXT, AT(step_fields, bound), true},
    {"caveat", VSH_FIELD_TEXT, AT(step_fields, caveat)},
    {"ops", VSH_FIELD_NODE, AT(step_fields, ops), true},
    {"waterfall", VSH_FIELD_NODE, AT(step_fields, waterfall), true},
    {NULL}};

static const vsh_field op_table[] = {
    {"phase", VSH_FIELD_TEXT, AT(op_fields, phase), true},
    {"time_s", VSH_FIELD_REAL, AT(op_fields, time_s), true, 0, 1e15},
    {NULL}};

static const vsh_field loss_table[] = {{"cause", VSH_FIELD_TEXT, AT(plan_loss, cause), true},
                                       {"share", VSH_FIELD_REAL, AT(plan_loss, share), true, 0, 1},
                                       {NULL}};

static vsh_status read_bound(const vsh_doc *doc, const char *name, vsh_bound *bound, vsh_error *err)
{
    for (int i = 0; i < VSH_BOUND_COUNT; i++)
        if (strcmp(name, vsh_bound_names[i]) == 0) {
            *bound = (vsh_bound)i;
            return VSH_OK;
        }
    return vsh_doc_expected(doc, vsh_node_get(doc->root, "bound"), err, "matrix, vector or memory");
}

static vsh_status read_list(const vsh_doc *doc, const vsh_node *list, vsh_error *err)
{
    if (list->kind != VSH_NODE_LIST)
        return vsh_doc_expected(doc, list, err, "a list");
    for (const vsh_node *item = list->first; item; item = item->next)
        if (item->kind != VSH_NODE_MAP)
            return vsh_doc_expected(doc, item, err, "a map");
    return VSH_OK;
}

static vsh_status read_ops(const vsh_doc *doc, const vsh_node *list, plan_simulated *s,
                           vsh_error *err)
{
    VSH_TRY(read_list(doc, list, err));
    for (const vsh_node *item = list->first; item; item = item->next) {
        op_fields op = {0};
        VSH_TRY(vsh_fields_read(doc, item, op_table, false, &op, err));
        if (strcmp(op.phase, vsh_phase_names[VSH_OPTIMIZER]) == 0)
            s->optimizer.v += op.time_s;
    }
    if (s->optimizer.v >= s->time.v)
        return vsh_doc_wrong(doc, list, err, "the optimizer takes longer than the step");
    return VSH_OK;
}

/* Keeps the largest, the earlier of two alike first. */
static void keep_loss(plan_simulated *s, plan_loss loss)
{
    int at = s->loss_count;

    while (at > 0 && s->loss[at - 1].share < loss.share)
        at--;
    if (at == PLAN_LOSSES)
        return;
    if (s->loss_count < PLAN_LOSSES)
        s->loss_count++;
    for (int i = s->loss_count - 1; i > at; i--)
        s->loss[i] = s->loss[i - 1];
    s->loss[at] = loss;
}

static vsh_status read_waterfall(const vsh_doc *doc, const vsh_node *list, plan_simulated *s,
                                 vsh_error *err)
{
    double sum = 0;

    VSH_TRY(read_list(doc, list, err));
    for (const vsh_node *item = list->first; item; item = item->next) {
        plan_loss loss = {0};
        VSH_TRY(vsh_fields_read(doc, item, loss_table, false, &loss, err));
        sum += loss.share;
        if (strcmp(loss.cause, "useful") != 0 && loss.share > 0)
            keep_loss(s, loss);
    }
    if (fabs(sum - 1) > 1e-6)
        return vsh_doc_wrong(doc, list, err, "the shares sum to %g; expected 1", sum);
    return VSH_OK;
}

static vsh_status read_step(vsh_arena *arena, const char *bytes, size_t length, plan_simulated *s,
                            vsh_error *err)
{
    step_fields fields = {0};
    vsh_doc doc;

    VSH_TRY(vsh_doc_parse(arena, "vishwa-sim's answer", bytes, length, &doc, err));
    if (!doc.root || doc.root->kind != VSH_NODE_MAP)
        return vsh_fail(err, VSH_EMACHINE, "vishwa-sim's answer: expected a JSON object");
    VSH_TRY(vsh_fields_read(&doc, doc.root, step_table, false, &fields, err));
    *s = (plan_simulated){
        .time = {fields.time_s}, .model = {fields.model_flops}, .caveat = fields.caveat};
    VSH_TRY(read_bound(&doc, fields.bound, &s->bound, err));
    VSH_TRY(read_ops(&doc, fields.ops, s, err));
    return read_waterfall(&doc, fields.waterfall, s, err);
}

/* What the user wrote is not at fault. */
vsh_status plan_simulated_read(vsh_arena *arena, const char *bytes, size_t length,
                               plan_simulated *s, vsh_error *err)
{
    return read_step(arena, bytes, length, s, err) == VSH_OK ? VSH_OK : VSH_EMACHINE;
}

/* ---- asking -----------------------------------------------------------------------------------
 */

/* A file without a name, gone when it is closed, however this process ends. */
static vsh_status write_nameless(const vsh_text *text, FILE **file, vsh_error *err)
{
    *file = tmpfile();
    if (!*file)
        return vsh_fail(err, VSH_EMACHINE, "temporary file: %s", strerror(errno));
    if (fwrite(text->data, 1, text->length, *file) == text->length && fflush(*file) == 0)
        return VSH_OK;
    vsh_fail(err, VSH_EMACHINE, "temporary file: %s", strerror(errno));
    fclose(*file);
    return VSH_EMACHINE;
}

vsh_status plan_simulate(vsh_arena *arena, const plan_question *question, vsh_seconds limit,
                         plan_simulated *simulated, vsh_error *err)
{
    vsh_child child = {
        .argv = question->argv, .time_max = limit, .output_max = VSH_DOC_BYTES_MAX, .ours = true};
    vsh_text answer = {.arena = arena};
    vsh_status status;
    char path[48];
    FILE *file;

    VSH_TRY(write_nameless(&question->model, &file, err));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file)); /* opened anew by the child */
    child.input_path = path;
    status = vsh_child_run(&child, &answer, err);
    fclose(file);
    VSH_TRY(status);
    return plan_simulated_read(arena, vsh_text_string(&answer), answer.length, simulated, err);
}
