/* Speed of the search: whole spaces on every core, beside one layout after another through the
 * functions that `estimate` calls, in the same run on the same machine. */
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "planner/layout/search.h"

static const struct {
    const char *model, *profile;
    int64_t seq, chips, batch;
} spaces[] = {{"gpt3-175b", "a100-80gb", 2048, 64, 512},
              {"gpt3-175b", "a100-80gb", 2048, 64, 6144},
              {"gpt3-175b", "a100-80gb", 2048, 1024, 3072},
              {"llama3-8b", "tpu-v5e", 8192, 256, 1024},
              {"mixtral-8x7b", "h100-sxm", 4096, 64, 256}};

enum { REPEATS = 3, ONE_BY_ONE = 200 };

static void must(vsh_status status, const vsh_error *err)
{
    if (status == VSH_OK)
        return;
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

typedef struct {
    vsh_hardware hardware;
    vsh_model model;
    vsh_stack stack;
    vsh_search search;
} question;

static void ask(int i, vsh_arena *arena, question *q)
{
    char profile[64], model[64];
    vsh_error err;

    snprintf(profile, sizeof profile, "hwprofiles/%s.yaml", spaces[i].profile);
    snprintf(model, sizeof model, "models/%s.yaml", spaces[i].model);
    must(vsh_hardware_read(arena, profile, &q->hardware, &err), &err);
    must(vsh_model_read(arena, model, &q->model, &err), &err);
    q->stack = vsh_stack_pure(&q->hardware);
    q->search = (vsh_search){.run = {.laid = {&q->model, spaces[i].seq, spaces[i].batch, 1},
                                     .precision = VSH_BF16,
                                     .flash = true,
                                     .recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW)},
                             .hardware = &q->hardware,
                             .stack = &q->stack,
                             .framework = vsh_framework_at(3),
                             .capacity = q->hardware.memory_bytes.value,
                             .chips = spaces[i].chips,
                             .keep = 10};
}

/* Seconds of one layout as `estimate` takes it: a list of its own, a walk over it for every chunk
 * of every stage. */
static double one_by_one(const question *q, const vsh_search_answer *answer)
{
    static vsh_list_price price;
    vsh_error err;
    double begun = vsh_clock_now().v;

    for (int i = 0; i < ONE_BY_ONE; i++) {
        const vsh_found *f = &answer->front[i % answer->front_count];
        vsh_step_run run = q->search.run;
        vsh_platform platform;
        vsh_step_time time;
        vsh_footprint memory;
        vsh_work work;
        vsh_placement place = {.pipeline = f->layout.pp,
                               .chunks = f->layout.interleave,
                               .framework = q->search.framework};
        run.layout = f->layout;
        run.laid.micro = f->micro;
        run.recompute = f->recompute;
        work = vsh_step_work(&run);
        place.micro_batches = vsh_micro_batches(&run.layout, &run.laid);
        must(vsh_platform_of(&q->hardware, &q->stack, run.precision, run.flash, f->chips, 0,
                             &platform, &err),
             &err);
        must(vsh_step_time_whole(&run, &platform, &price, &time, &err), &err);
        must(vsh_footprint_layout(&q->model, &work, &place, &memory, &err), &err);
    }
    return (vsh_clock_now().v - begun) / ONE_BY_ONE;
}

static void run_space(int i)
{
    static question q;
    vsh_arena arena = {0};
    vsh_search_answer answer;
    vsh_error err;
    double least = 1e9, alone, each;
    int64_t cpus = vsh_team_cpus();

    ask(i, &arena, &q);
    q.search.threads = cpus > 0 ? cpus : 1;
    for (int r = 0; r < REPEATS; r++) {
        must(vsh_search_all(&q.search, &arena, &answer, &err), &err);
        least = answer.seconds < least ? answer.seconds : least;
    }
    alone = one_by_one(&q, &answer);
    each = least * (double)q.search.threads / (double)answer.evaluated;
    printf("  %-13s %5lld x %-9s %9lld %8lld %8lld %6.2f %8.2f %7.2f %8.0f x\n", spaces[i].model,
           (long long)spaces[i].chips, spaces[i].profile, (long long)answer.considered,
           (long long)answer.evaluated, (long long)answer.fitting, least,
           (double)answer.considered / least / 1e6, 1e6 * each, alone / each);
    vsh_arena_free(&arena);
}

int main(void)
{
    printf("  %-33s %9s %8s %8s %6s %8s %7s %10s\n", "search", "layouts", "divide", "fit", "s",
           "M/s", "us each", "one by one");
    for (int i = 0; i < (int)(sizeof spaces / sizeof spaces[0]); i++)
        run_space(i);
    printf("  layouts: of the space; divide: whose memory is decided; M/s: layouts a second;\n"
           "  us each: CPU time of one that divides; one by one: of estimate's over that\n");
    return 0;
}
