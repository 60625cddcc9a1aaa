#include "trainer/run/teacher.h"

#include <math.h>

#include "core/workspace.h"
#include "tests/trainer/started.h"

const char vsh_suite[] = "teacher";

static vsh_error err;

#define STUDENT                                                                                    \
    "name: student\nlayers: 2\nhidden: 32\nheads: 4\nkv_heads: 2\nffn: 48\nvocab: 40\ncontext: "   \
    "96\n"
#define TEACHER                                                                                    \
    "name: teacher\nlayers: 3\nhidden: 48\nheads: 4\nvocab: 40\ncontext: 96\nexits: [1]\n"         \
    "experts: {count: 4, top_k: 2, hidden: 24}\n"

/* A student and who teaches it: a trainer whose weights the teacher borrows. */
typedef struct {
    started *student, *trained;
    vsh_teacher teacher;
} school;

static school *open_school(const setting *student, const setting *trained, double weight,
                           double temperature)
{
    school *s = vsh_alloc(vsh_test_arena(), 1, sizeof *s);

    REQUIRE(s != NULL);
    s->student = start_of(student);
    s->trained = start_of(trained);
    s->teacher = (vsh_teacher){.model = {.config = s->trained->config,
                                         .list = s->trained->t.list,
                                         .offsets = s->trained->t.offsets,
                                         .element = s->trained->t.arrays.element,
                                         .weights = s->trained->t.weights},
                               .lesson = {weight, temperature}};
    REQUIRE_OK(vsh_teacher_plan(&s->student->config, &s->student->plan, (int64_t)1 << 40,
                                &s->teacher, &err),
               &err);
    REQUIRE_OK(vsh_teacher_open(vsh_test_arena(), &s->student->t.nn, &s->teacher, &err), &err);
    s->student->t.teacher = &s->teacher;
    return s;
}

static void close_school(school *s)
{
    vsh_block_release(&s->teacher.activations);
    vsh_block_release(&s->teacher.workspace);
    stop(s->student);
    stop(s->trained);
}

/* Larger weights than those of a beginning make a teacher who knows something. */
static void sharpen(started *r)
{
    float *weights = r->t.arrays.weights;

    for (int64_t i = 0; i < r->t.list.elements; i++)
        weights[i] *= 3;
}

/* Along its own gradient the loss rises by the gradient's square. */
static void the_gradient_is_the_slope_of_the_loss(void)
{
    school *s =
        open_school(&(setting){.model = STUDENT}, &(setting){.model = TEACHER, .seed = 9}, 0.6, 2);
    vsh_trainer *t = &s->student->t;
    int64_t count = t->list.elements;
    float *weights = t->arrays.weights, *start, *slope;
    double square = 0, step = 1e-2, loss[2];

    sharpen(s->trained);
    start = vsh_alloc(vsh_test_arena(), (size_t)count, sizeof *start);
    slope = vsh_alloc(vsh_test_arena(), (size_t)count, sizeof *slope);
    REQUIRE(start && slope);
    gradient_at(s->student, 1, 0);
    memcpy(start, weights, (size_t)count * sizeof *start);
    memcpy(slope, t->gradient[0], (size_t)count * sizeof *slope);
    for (int64_t i = 0; i < count; i++)
        square += (double)slope[i] * (double)slope[i];
    for (int side = 0; side < 2; side++) {
        double by = (side ? step : -step) / sqrt(square);
        for (int64_t i = 0; i < count; i++)
            weights[i] = (float)((double)start[i] + by * (double)slope[i]);
        loss[side] = gradient_at(s->student, 1, 0).report.joint;
    }
    CHECK_NEAR((loss[1] - loss[0]) / (2 * step), sqrt(square), 2e-3, 0);
    close_school(s);
}

/* The same weights in both: nothing of the teacher's is left to learn, in none of the chunks in
 * which so many tokens go through the head. */
static void who_teaches_itself_learns_nothing(void)
{
    setting many = {.model = STUDENT, .sequence = 96, .micro = 24};
    school *s = open_school(&many, &many, 1, 2);
    vsh_step step = gradient_at(s->student, 1, 0);

    CHECK(vsh_logit_chunk(40, 96 * 24) < 96 * 24);
    CHECK(same_weights(s->student, s->trained));
    CHECK_NEAR(step.report.joint, 0, 0, 1e-6);
    CHECK_NEAR(step.gradient_norm, 0, 0, 1e-5);
    close_school(s);
}

/* With weight 0 the lesson is the loss of the text; its numbers come another way. */
static void without_weight_a_step_is_as_without_a_teacher(void)
{
    school *s = open_school(&(setting){.model = STUDENT}, &(setting){.model = TEACHER}, 0, 2);
    started *alone = start_of(&(setting){.model = STUDENT});
    vsh_step taught = gradient_at(s->student, 1, 0), plain = gradient_at(alone, 1, 0);

    CHECK_NEAR(taught.report.joint, plain.report.joint, 1e-6, 0);
    CHECK_NEAR(taught.gradient_norm, plain.gradient_norm, 1e-5, 0);
    stop(alone);
    close_school(s);
}

/* Whatever is learnt, the loss that is reported is that of the text: the same numbers come of a run
 * without a teacher, in none of the chunks of rows otherwise. */
static void the_loss_is_that_of_the_text(void)
{
    setting how = {.model = STUDENT, .sequence = 96, .micro = 24, .accumulate = 2};
    school *s = open_school(&how, &(setting){.model = TEACHER}, 0.7, 2);
    started *alone = start_of(&how);
    vsh_step taught, plain;

    sharpen(s->trained);
    taught = gradient_at(s->student, 1, 0);
    plain = gradient_at(alone, 1, 0);
    CHECK_NEAR(taught.report.loss, plain.report.loss, 1e-6, 0);
    CHECK(fabs(taught.report.joint - plain.report.joint) > 1e-2);
    stop(alone);
    close_school(s);
}

static void bits_do_not_depend_on_threads(void)
{
    static const int precisions[] = {VSH_FP32, VSH_BF16};

    for (int p = 0; p < 2; p++) {
        setting one = {.model = STUDENT, .precision = precisions[p], .accumulate = 2};
        setting two = one;
        school *a, *b;
        two.threads = 3;
        a = open_school(&one, &(setting){.model = TEACHER}, 0.5, 2);
        b = open_school(&two, &(setting){.model = TEACHER}, 0.5, 2);
        train(a->student, 3, 1e-2);
        train(b->student, 3, 1e-2);
        CHECK(same_weights(a->student, b->student));
        close_school(a);
        close_school(b);
    }
}

/* The student reserves what its plan says; the teacher what its own does. Work is counted, apart,
 * for every length of sequence (vsh_trainer_gradient and vsh_teacher_macs assert that it is the
 * list's). */
static void memory_and_work_are_counted_apart(void)
{
    school *s = open_school(&(setting){.model = STUDENT,
                                       .sequence = 64,
                                       .accumulate = 2,
                                       .sequence_start = 16,
                                       .sequence_warmup = 3},
                            &(setting){.model = TEACHER}, 0.5, 2);
    vsh_step short_one = gradient_at(s->student, 1, 0), long_one = gradient_at(s->student, 9, 0);

    CHECK_INT(s->student->t.arena_bytes, (int64_t)s->student->plan.footprint.total.v);
    CHECK_INT(s->teacher.activations.bytes, s->teacher.activation_bytes);
    CHECK_INT(s->teacher.workspace.bytes, s->teacher.workspace_bytes);
    CHECK_INT(vsh_teacher_bytes(&s->teacher), s->trained->t.weights.bytes +
                                                  s->teacher.activation_bytes +
                                                  s->teacher.workspace_bytes);
    CHECK(vsh_network_workspace_peak(s->teacher.net) <= s->teacher.workspace_bytes);
    CHECK(short_one.teacher_macs > 0 && short_one.teacher_macs < long_one.teacher_macs);
    CHECK_NEAR(2 * (double)long_one.teacher_macs, 2 * s->teacher.forward.v, 0, 0);
    close_school(s);
}

static void a_teacher_that_leaves_no_room_is_refused(void)
{
    school *s = open_school(&(setting){.model = STUDENT}, &(setting){.model = TEACHER}, 0.5, 2);
    int64_t total = (int64_t)s->student->plan.footprint.total.v;
    int64_t beside = s->teacher.activation_bytes + s->teacher.workspace_bytes;
    vsh_teacher again = s->teacher;

    CHECK_OK(vsh_teacher_plan(&s->student->config, &s->student->plan, total + beside, &again, &err),
             &err);
    CHECK_FAILS(
        vsh_teacher_plan(&s->student->config, &s->student->plan, total + beside - 1, &again, &err),
        &err, VSH_ENO, "and its teacher");
    close_school(s);
}

const vsh_test vsh_tests[] = {
    {"the_gradient_is_the_slope_of_the_loss", the_gradient_is_the_slope_of_the_loss},
    {"who_teaches_itself_learns_nothing", who_teaches_itself_learns_nothing},
    {"without_weight_a_step_is_as_without_a_teacher",
     without_weight_a_step_is_as_without_a_teacher},
    {"the_loss_is_that_of_the_text", the_loss_is_that_of_the_text},
    {"bits_do_not_depend_on_threads", bits_do_not_depend_on_threads},
    {"memory_and_work_are_counted_apart", memory_and_work_are_counted_apart},
    {"a_teacher_that_leaves_no_room_is_refused", a_teacher_that_leaves_no_room_is_refused},
    {NULL, NULL}};
