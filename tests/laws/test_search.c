#include "planner/layout/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "search";

static vsh_error err;

/* ---- questions ----------------------------------------------------------------------------- */

#define COMMON                                                                                     \
    "hidden: 512\nheads: 8\nffn: 2048\nmlp: swiglu\nnorm: rms\nposition: rotary\nvocab: 32000\n"   \
    "context: 1024\n"

static const struct {
    const char *name, *model, *profile;
    int64_t chips, batch;
    double capacity;
    const char *software; /* NULL: any layout is run */
} cases[] = {
    {"alike, tied", "name: a\nlayers: 6\ntied: true\n" COMMON, "a100-80gb", 8, 8, 1.7e9, NULL},
    {"chunks of one layer", "name: b\nlayers: 4\ntied: false\n" COMMON, "a100-80gb", 16, 4, 1.2e9,
     "megatron-deepspeed"},
    {"experts after a dense layer",
     "name: c\nlayers: 4\ntied: false\nexperts: {count: 4, top_k: 2, every: 1, first_dense: 1, "
     "shared: 1, hidden: 512, capacity: dropless}\n" COMMON,
     "h100-sxm", 8, 4, 1.55e9, NULL},
    {"windows", "name: d\nlayers: 6\nwindow: 256\nfull_every: 2\nkv_heads: 2\n" COMMON, "a100-80gb",
     4, 4, 1.9e9, NULL},
    {"a torus", "name: e\nlayers: 4\n" COMMON, "tpu-v5e", 8, 8, 1.8e9, "maxtext"}};

enum { CASES = sizeof cases / sizeof cases[0], FOUND_MAX = 20000 };

typedef struct {
    vsh_hardware hardware;
    vsh_model model;
    vsh_stack stack;
    vsh_search search;
} question;

static void ask(int i, question *q)
{
    char path[64];

    snprintf(path, sizeof path, "hwprofiles/%s.yaml", cases[i].profile);
    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), path, &q->hardware, &err), &err);
    q->model = vsh_test_model(cases[i].model);
    q->stack = vsh_stack_pure(&q->hardware);
    q->search = (vsh_search){.run = {.laid = {&q->model, 1024, cases[i].batch, 1},
                                     .precision = VSH_BF16,
                                     .flash = true,
                                     .framework = vsh_framework_at(0), /* with most terms */
                                     .recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW)},
                             .hardware = &q->hardware,
                             .stack = &q->stack,
                             .admits = vsh_admits_of(cases[i].software),
                             .capacity = cases[i].capacity,
                             .chips = cases[i].chips,
                             .keep = FOUND_MAX,
                             .threads = 1};
}

static vsh_search_answer answer_of(const question *q)
{
    vsh_search_answer answer;

    REQUIRE_OK(vsh_search_all(&q->search, vsh_test_arena(), &answer, &err), &err);
    return answer;
}

/* ---- one layout after another -------------------------------------------------------------- */

typedef struct {
    vsh_found *fits;
    int64_t count, refused[VSH_REFUSED_COUNT], considered;
} brute;

static vsh_refusal refusal_of(const question *q, vsh_step_run *run)
{
    vsh_laid_run alone = run->laid;

    /* The batch is asked afterwards, then its rounds. */
    alone.batch = run->layout.split.data * run->laid.micro * run->layout.pp;
    if (vsh_layout_check(&run->layout, &alone, &err) != VSH_OK ||
        run->laid.model->layers % (run->layout.pp * run->layout.interleave))
        return VSH_REFUSED_DIVIDE;
    if (vsh_layout_check(&run->layout, &run->laid, &err) == VSH_OK)
        return vsh_admits_not(q->search.admits, &run->layout) ? VSH_REFUSED_SOFTWARE
                                                              : VSH_REFUSED_MEMORY;
    return run->laid.batch % (run->layout.split.data * run->laid.micro) ? VSH_REFUSED_BATCH
                                                                        : VSH_REFUSED_ROUNDS;
}

static void try_one(const question *q, vsh_step_run *run, brute *b)
{
    static vsh_list_price price;
    vsh_found f = {.chips = q->search.chips,
                   .layout = run->layout,
                   .micro = run->laid.micro,
                   .recompute = run->recompute};
    vsh_work work = vsh_step_work(run);
    vsh_refusal why = refusal_of(q, run);
    vsh_placement place = {.pipeline = run->layout.pp,
                           .chunks = run->layout.interleave,
                           .framework = q->search.run.framework};
    vsh_platform platform;
    vsh_footprint memory;
    vsh_step_time time;

    b->considered++;
    if (why != VSH_REFUSED_MEMORY) {
        b->refused[why]++;
        return;
    }
    place.micro_batches = vsh_micro_batches(&run->layout, &run->laid);
    REQUIRE_OK(vsh_footprint_layout(&q->model, &work, &place, &memory, &err), &err);
    if (memory.total.v > q->search.capacity) {
        b->refused[VSH_REFUSED_MEMORY]++;
        return;
    }
    REQUIRE_OK(vsh_platform_of(&q->hardware, &q->stack, run->precision, run->flash, f.chips, 0,
                               &platform, &err),
               &err);
    REQUIRE_OK(vsh_step_time_whole(run, &platform, &price, &time, &err), &err);
    f.memory_bytes = memory.total.v;
    f.step_s = time.step;
    f.chip_seconds = time.step * (double)f.chips;
    REQUIRE(b->count < FOUND_MAX);
    b->fits[b->count++] = f;
}

static void try_modes(const question *q, vsh_step_run *run, brute *b)
{
    int64_t batch = run->laid.batch;

    for (run->laid.micro = 1; run->laid.micro <= batch; run->laid.micro++)
        for (int mode = 0; mode < 3 && batch % run->laid.micro == 0; mode++) {
            run->recompute = (vsh_recompute_mode)mode;
            try_one(q, run, b);
        }
}

static void try_chunks(const question *q, vsh_step_run *run, brute *b)
{
    int64_t pp = run->layout.pp, layers = q->model.layers;
    bool shared = vsh_split_replicas(&run->layout.split) > 1;

    for (int sp = 0; sp <= (run->layout.split.tensor > 1); sp++)
        for (int zero = 0; zero <= (shared ? 3 : 0); zero++)
            for (int64_t v = 1; v == 1 || (pp > 1 && v * pp <= layers); v++) {
                run->layout.split.sequence = sp;
                run->layout.split.zero = zero;
                run->layout.interleave = v;
                try_modes(q, run, b);
            }
}

static void try_all(const question *q, brute *b)
{
    vsh_step_run run = q->search.run;
    vsh_split *s = &run.layout.split;
    int64_t n = q->search.chips, experts = q->model.experts.count ? q->model.experts.count : 1;

    for (s->tensor = 1; s->tensor <= n; s->tensor++)
        for (s->context = 1; s->context <= n; s->context++)
            for (s->data = 1; s->data <= n; s->data++)
                for (run.layout.pp = 1; run.layout.pp <= n; run.layout.pp++)
                    for (s->expert = 1; s->expert <= experts; s->expert++)
                        if (s->tensor * s->context * s->data * run.layout.pp == n &&
                            s->data * s->context % s->expert == 0)
                            try_chunks(q, &run, b);
}

static brute brute_of(const question *q)
{
    brute b = {.fits = vsh_alloc(vsh_test_arena(), FOUND_MAX, sizeof *b.fits)};

    REQUIRE(b.fits != NULL);
    try_all(q, &b);
    return b;
}

/* ---- claims -------------------------------------------------------------------------------- */

static int by_layout(const void *a, const void *b)
{
    vsh_found x = *(const vsh_found *)a, y = *(const vsh_found *)b;

    x.step_s = y.step_s = x.memory_bytes = y.memory_bytes = x.chip_seconds = y.chip_seconds = 0;
    return vsh_found_order(VSH_RANK_TIME, &x, &y);
}

static void compare_all(const question *q)
{
    brute b = brute_of(q);
    vsh_search_answer a = answer_of(q);

    CHECK_INT(a.considered, b.considered);
    for (int r = 0; r < VSH_REFUSED_COUNT; r++)
        CHECK_INT(a.refused[r], b.refused[r]);
    CHECK(b.refused[VSH_REFUSED_MEMORY] > 20);
    CHECK(b.count > 50);
    CHECK(b.refused[VSH_REFUSED_ROUNDS] > 0);
    REQUIRE(a.fitting == b.count && a.count == b.count);
    for (int i = 1; i < a.count; i++)
        CHECK(vsh_found_order(VSH_RANK_TIME, &a.best[i - 1], &a.best[i]) < 0);
    qsort(a.best, (size_t)a.count, sizeof *a.best, by_layout);
    qsort(b.fits, (size_t)b.count, sizeof *b.fits, by_layout);
    for (int i = 0; i < a.count; i++) {
        REQUIRE(by_layout(&a.best[i], &b.fits[i]) == 0);
        CHECK_NEAR(a.best[i].step_s, b.fits[i].step_s, 1e-12, 0);
        CHECK_NEAR(a.best[i].memory_bytes, b.fits[i].memory_bytes, 1e-12, 0);
    }
}

static void compare_one(vsh_memory_parts *parts, const vsh_step_run *run)
{
    vsh_work work = vsh_step_work(run);
    vsh_placement place = {.pipeline = run->layout.pp,
                           .chunks = run->layout.interleave,
                           .micro_batches = vsh_micro_batches(&run->layout, &run->laid),
                           .framework = parts->framework};
    vsh_footprint whole;
    double least, bytes, most;

    REQUIRE_OK(vsh_footprint_layout(run->laid.model, &work, &place, &whole, &err), &err);
    REQUIRE_OK(vsh_memory_least(parts, &run->layout, run->laid.micro, &least, &err), &err);
    REQUIRE_OK(vsh_memory_whole(parts, &run->layout, run->laid.micro, &bytes, &err), &err);
    CHECK_NEAR(bytes, whole.total.v, 1e-11, 0);
    REQUIRE_OK(vsh_memory_most(parts, &run->layout, run->laid.micro, &most, &err), &err);
    CHECK(least <= whole.total.v && most >= whole.total.v);
    CHECK(vsh_memory_state(parts, &run->layout) <= least * (1 + 1e-9));
}

/* The n-th of some layouts of 64 chips, for several micro-batches one after another. */
static void compare_memory(const vsh_model *model, vsh_memory_parts *parts, int n)
{
    vsh_step_run run = {.laid = {model, 2048, 512, 1},
                        .precision = VSH_BF16,
                        .recompute = (vsh_recompute_mode)(n % 3),
                        .flash = n % 7 > 0,
                        .recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW)};
    int64_t tensor = 1 << n % 4, context = 1 << n / 4 % 2, stages = 1 << n / 3 % 5;
    int64_t data = 64 / tensor / context / stages, chunks = model->layers / stages;

    run.layout = (vsh_layout){{.tensor = tensor,
                               .sequence = n % 2 && tensor > 1,
                               .context = context,
                               .expert = model->experts.count && n % 5 > 2 ? data : 1,
                               .data = data},
                              stages,
                              1};
    if (run.layout.split.expert > 8 || data < 1)
        return;
    vsh_memory_parts_begin(parts, &run);
    for (run.laid.micro = 1; run.laid.micro <= 512 / data; run.laid.micro *= 4)
        for (run.layout.interleave = 1; run.layout.interleave <= (stages > 1 ? chunks : 1);
             run.layout.interleave++)
            for (int zero = 0; zero < 4; zero++) {
                run.layout.split.zero = zero;
                if (model->layers % (stages * run.layout.interleave) == 0)
                    compare_one(parts, &run);
            }
}

static void every_layout_that_fits_is_found_with_its_own_time_and_memory(void)
{
    for (int i = 0; i < CASES; i++) {
        static question q;
        ask(i, &q);
        compare_all(&q);
    }
}

/* The first ones by brute force, of a space that bounds prune. */
static void what_bounds_leave_out_is_not_among_the_best(void)
{
    for (int i = 0; i < CASES; i++) {
        static question q;
        vsh_search_answer all, few;
        ask(i, &q);
        all = answer_of(&q);
        q.search.keep = 10;
        few = answer_of(&q);
        CHECK_INT(few.fitting, all.fitting);
        REQUIRE(few.count == 10 && few.front_count == all.front_count);
        for (int j = 0; j < few.count; j++)
            CHECK(vsh_found_order(VSH_RANK_TIME, &few.best[j], &all.best[j]) == 0);
        for (int j = 0; j < few.front_count; j++)
            CHECK(vsh_found_order(VSH_RANK_TIME, &few.front[j], &all.front[j]) == 0);
    }
}

/* Of large models, whose layouts are more than brute force can see. */
static void bounds_of_memory_stay_below_it_and_parts_add_up_to_it(void)
{
    static const char *const models[] = {"models/gpt3-175b.yaml", "models/mixtral-8x7b.yaml"};

    for (int i = 0; i < 2; i++) {
        vsh_model model;
        vsh_chunking chunking;
        vsh_memory_parts parts;
        REQUIRE_OK(vsh_model_read(vsh_test_arena(), models[i], &model, &err), &err);
        REQUIRE_OK(vsh_chunking_of(&model, vsh_test_arena(), &chunking, &err), &err);
        REQUIRE_OK(vsh_memory_parts_make(&chunking, vsh_framework_at(i ? 0 : 3), vsh_test_arena(),
                                         &parts, &err),
                   &err);
        for (int n = 0; n < 24; n++)
            compare_memory(&model, &parts, n);
    }
}

static void a_search_for_a_software_finds_only_what_it_runs(void)
{
    static question q;
    vsh_search_answer a;

    ask(0, &q);
    q.search.admits = vsh_admits_of("megatron-lm");
    a = answer_of(&q);
    CHECK(a.refused[VSH_REFUSED_SOFTWARE] > 0 && a.count > 0);
    for (int i = 0; i < a.count; i++)
        CHECK(a.best[i].layout.split.zero < 2);
    q.search.admits = vsh_admits_of("fsdp");
    a = answer_of(&q);
    REQUIRE(a.count > 0);
    for (int i = 0; i < a.count; i++) {
        const vsh_layout *l = &a.best[i].layout;
        CHECK(l->split.tensor == 1 && l->pp == 1 && l->split.zero != 1);
    }
    CHECK(vsh_admits_of("of nobody") == NULL);
}

static void the_answer_is_the_same_with_any_number_of_threads(void)
{
    static question q;
    vsh_search_answer one;

    ask(2, &q);
    q.search.keep = 50;
    one = answer_of(&q);
    for (q.search.threads = 2; q.search.threads <= 3; q.search.threads++) {
        vsh_search_answer more = answer_of(&q);
        CHECK_INT(more.considered, one.considered);
        CHECK_INT(more.fitting, one.fitting);
        REQUIRE(more.count == one.count && more.front_count == one.front_count);
        for (int i = 0; i < one.count; i++)
            CHECK(vsh_found_order(VSH_RANK_TIME, &one.best[i], &more.best[i]) == 0);
        for (int i = 0; i < one.front_count; i++)
            CHECK(vsh_found_order(VSH_RANK_TIME, &one.front[i], &more.front[i]) == 0);
    }
}

static bool beaten(const vsh_found *f, const vsh_found *by)
{
    return by->step_s <= f->step_s && by->memory_bytes <= f->memory_bytes &&
           by->chip_seconds <= f->chip_seconds &&
           (by->step_s < f->step_s || by->memory_bytes < f->memory_bytes ||
            by->chip_seconds < f->chip_seconds);
}

static void the_front_is_all_that_nothing_beats(void)
{
    static question q;
    vsh_search_answer a;
    int unbeaten = 0;

    ask(0, &q);
    a = answer_of(&q);
    for (int i = 0; i < a.count; i++) {
        bool best = true;
        for (int j = 0; j < a.count && best; j++) /* or as good and plainer */
            best = !beaten(&a.best[i], &a.best[j]) &&
                   (a.best[j].step_s != a.best[i].step_s ||
                    a.best[j].memory_bytes != a.best[i].memory_bytes || j >= i);
        unbeaten += best;
    }
    CHECK_INT(a.front_count, unbeaten);
    CHECK(vsh_found_order(VSH_RANK_TIME, &a.front[0], &a.best[0]) == 0);
}

static void ranks_put_the_fastest_the_cheapest_and_the_smallest_first(void)
{
    static question q;
    vsh_search_answer a[VSH_RANK_COUNT];

    ask(0, &q);
    for (int rank = 0; rank < VSH_RANK_COUNT; rank++) {
        q.search.rank = (vsh_rank)rank;
        q.search.fewer = rank == VSH_RANK_MONEY;
        a[rank] = answer_of(&q);
        REQUIRE(a[rank].count > 0);
    }
    CHECK(a[VSH_RANK_MONEY].best[0].chip_seconds < a[VSH_RANK_TIME].best[0].chip_seconds);
    CHECK(a[VSH_RANK_MONEY].best[0].chips < q.search.chips);
    CHECK(a[VSH_RANK_MEMORY].best[0].memory_bytes < a[VSH_RANK_TIME].best[0].memory_bytes);
    CHECK(a[VSH_RANK_TIME].best[0].step_s < a[VSH_RANK_MEMORY].best[0].step_s);
}

static void a_chip_too_small_for_anything_leaves_nothing_and_counts_everything(void)
{
    static question q;
    vsh_search_answer a;

    ask(0, &q);
    q.search.capacity = 1e6;
    a = answer_of(&q);
    CHECK_INT(a.fitting, 0);
    CHECK_INT(a.count, 0);
    CHECK_INT(a.refused[VSH_REFUSED_MEMORY], a.evaluated);
    CHECK_INT(a.considered, a.evaluated + a.refused[VSH_REFUSED_DIVIDE] +
                                a.refused[VSH_REFUSED_BATCH] + a.refused[VSH_REFUSED_ROUNDS]);
}

const vsh_test vsh_tests[] = {
    {"every_layout_that_fits_is_found_with_its_own_time_and_memory",
     every_layout_that_fits_is_found_with_its_own_time_and_memory},
    {"what_bounds_leave_out_is_not_among_the_best", what_bounds_leave_out_is_not_among_the_best},
    {"bounds_of_memory_stay_below_it_and_parts_add_up_to_it",
     bounds_of_memory_stay_below_it_and_parts_add_up_to_it},
    {"a_search_for_a_software_finds_only_what_it_runs",
     a_search_for_a_software_finds_only_what_it_runs},
    {"the_answer_is_the_same_with_any_number_of_threads",
     the_answer_is_the_same_with_any_number_of_threads},
    {"the_front_is_all_that_nothing_beats", the_front_is_all_that_nothing_beats},
    {"ranks_put_the_fastest_the_cheapest_and_the_smallest_first",
     ranks_put_the_fastest_the_cheapest_and_the_smallest_first},
    {"a_chip_too_small_for_anything_leaves_nothing_and_counts_everything",
     a_chip_too_small_for_anything_leaves_nothing_and_counts_everything},
    {NULL, NULL}};
