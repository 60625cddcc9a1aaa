#include "trainer/train_validate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/hardware_auto.h"
#include "core/hardware_probe.h"
#include "trainer/base/folder.h"
#include "trainer/base/memory.h"
#include "trainer/run/energy.h"

enum { QUICK_STEPS = 5, STEPS = 10, WARM_STEPS = 5, ROUNDS = 2 };

static void say(const validation *v, const char *what, const char *name)
{
    if (!v->session->common->quiet)
        fprintf(stderr, "  %s%s\n", what, name);
}

/* ---- what is run ----------------------------------------------------------------------------- */

static vsh_status check_names(const vsh_opt_list *only, vsh_error *err)
{
    const char *names[64];
    char suggestion[160];
    size_t count = 0;

    for (const vsh_validate_case *c = vsh_validate_cases; c->name; c++)
        names[count++] = c->name;
    for (int i = 0; i < only->count; i++) {
        size_t at = 0;
        while (at < count && strcmp(names[at], only->item[i]) != 0)
            at++;
        if (at < count)
            continue;
        vsh_suggest(suggestion, sizeof suggestion, only->item[i], names, count);
        return vsh_fail(err, VSH_EINPUT, "--only: no configuration \"%.80s\"%s", only->item[i],
                        suggestion);
    }
    return VSH_OK;
}

/* Asked for by name, or one of all. */
static bool wanted(const train_config *asked, const vsh_validate_case *which)
{
    for (int i = 0; i < asked->only.count; i++)
        if (strcmp(asked->only.item[i], which->name) == 0)
            return true;
    return asked->only.count == 0 && !(asked->quick && which->slow);
}

/* Not asked for, but the time of one that is could not be judged without. */
static bool needed(const train_config *asked, const vsh_validate_case *which)
{
    for (const vsh_validate_case *c = vsh_validate_cases; c->name; c++)
        if (wanted(asked, c) && vsh_validate_teaches(which, c))
            return true;
    return false;
}

static vsh_status choose(validation *v, vsh_error *err)
{
    int count = 0;

    VSH_TRY(check_names(&v->asked->only, err));
    while (vsh_validate_cases[count].name)
        count++;
    v->run = vsh_alloc(v->session->arena, (size_t)count, sizeof *v->run);
    v->check = vsh_alloc(v->session->arena,
                         (size_t)count * VSH_VALIDATE_QUANTITIES + VSH_VALIDATE_RATES + 1,
                         sizeof *v->check);
    if (!v->run || !v->check)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (const vsh_validate_case *c = vsh_validate_cases; c->name; c++) {
        bool asked = wanted(v->asked, c);
        if (!asked && !needed(v->asked, c))
            continue;
        v->run[v->runs].which = c;
        v->run[v->runs++].added = !asked;
    }
    return VSH_OK;
}

static vsh_status configure(const validation *v, vsh_validated *run, vsh_error *err)
{
    VSH_TRY(vsh_validate_configure(v->session->arena, run->which, train_seed(v->session),
                                   &run->config, err));
    return vsh_run_plan_make(&run->config, v->threads, vsh_memory_available(), &run->plan, err);
}

static vsh_status measure_once(const validation *v, vsh_validated *run, int64_t steps,
                               vsh_error *err)
{
    vsh_validate_settings settings = {
        .steps = steps, .gemm = &v->gemm, .folder = v->folder, .stop = v->asked->stop};

    return vsh_validate_measure(&run->config, &run->plan, &settings, &run->measured, err);
}

static bool better(const vsh_validate_measured *a, const vsh_validate_measured *b)
{
    bool disturbed = vsh_validate_disturbed(a);

    return disturbed == vsh_validate_disturbed(b) ? a->figures.step_time_s < b->figures.step_time_s
                                                  : !disturbed;
}

/* Two rounds for all, and one more for what was disturbed in both. */
static vsh_status measure(validation *v, vsh_validated *run, int round, vsh_error *err)
{
    double start = vsh_clock_now().v;

    if (round >= ROUNDS &&
        !vsh_validate_again(&run->measured, round, v->retried_s, v->asked->quick))
        return VSH_OK;
    v->before = run->measured;
    VSH_TRY(measure_once(v, run, v->steps, err));
    if (round > 0 && better(&v->before, &run->measured))
        run->measured = v->before;
    if (round >= ROUNDS)
        v->retried_s += vsh_clock_now().v - start;
    return VSH_OK;
}

/* ---- the machine and the other programs -------------------------------------------------------
 */

/* A run that nobody looks at: it measures the products of this machine where that was never done,
 * and libraries take their own memory, which no later run should be charged with. */
static vsh_status warm_up(validation *v, vsh_error *err)
{
    vsh_validated *run = vsh_alloc(v->session->arena, 1, sizeof *run);

    if (!run)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    say(v, "warming up", "");
    run->which = v->run[0].which;
    VSH_TRY(configure(v, run, err));
    return measure_once(v, run, WARM_STEPS, err);
}

/* The profile as a file for vishwa-sim, with the rates of products that only the cache has. */
static vsh_status write_profile(validation *v, vsh_error *err)
{
    static const vsh_precision measured[] = {VSH_FP32, VSH_BF16};
    vsh_text yaml = {.arena = v->session->arena};
    const char *path = vsh_path_join(v->session->arena, v->folder, "profile.yaml");

    if (!path)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    v->programs.profile = "auto"; /* measured again where it was not kept */
    if (access(v->machine.path, R_OK) != 0)
        return VSH_OK;
    VSH_TRY(vsh_file_read(v->machine.path, &yaml, err));
    vsh_text_add(&yaml, "products:\n");
    for (size_t i = 0; i < sizeof measured / sizeof measured[0]; i++) {
        const vsh_figure *rate = &v->machine.products[measured[i]];
        if (rate->known)
            vsh_text_add(&yaml, "  %s: %.9g MFLOP/s\n", vsh_precision_words[measured[i]],
                         rate->value / 1e6);
    }
    VSH_TRY(vsh_file_write(path, &yaml, err));
    v->programs.profile = path;
    return VSH_OK;
}

static void find_programs(validation *v)
{
    vsh_validate_programs *p = &v->programs;
    vsh_session *s = v->session;
    vsh_error why;

    p->folder = v->folder;
    p->stop = v->asked->stop;
    if (vsh_library_program(s->arena, "vishwa-plan", &p->plan, &why) != VSH_OK) {
        p->plan = NULL;
        vsh_text_add(&s->talk, "warning: %s; its answers are left out\n", why.text);
    }
    if (vsh_library_program(s->arena, "vishwa-sim", &p->sim, &why) != VSH_OK) {
        p->sim = NULL;
        vsh_text_add(&s->talk, "warning: %s; nothing is simulated\n", why.text);
    }
}

/* Asked as when the profile was made, and not kept. */
static vsh_status look_again(const validation *v, vsh_hardware *seen, vsh_error *err)
{
    vsh_arena *arena = v->session->arena;
    vsh_text yaml = {.arena = arena};
    vsh_doc doc;

    VSH_TRY(vsh_hardware_probe(arena, v->session->common->threads, &yaml, err));
    VSH_TRY(vsh_doc_parse(arena, "this machine", yaml.data, yaml.length, &doc, err));
    return vsh_hardware_from_doc(&doc, seen, err);
}

static vsh_status know_machine(validation *v, vsh_error *err)
{
    vsh_session *s = v->session;

    VSH_TRY(warm_up(v, err));
    say(v, "this machine's profile", "");
    VSH_TRY(vsh_hardware_auto(s->arena, s->cache_folder, s->common->threads, v->asked->refresh,
                              &v->machine, err));
    VSH_TRY(look_again(v, &v->seen[0], err));
    find_programs(v);
    return write_profile(v, err);
}

/* ---- one configuration ------------------------------------------------------------------------
 */

static vsh_status predict(const validation *v, vsh_validated *run, vsh_op_list *ops, vsh_error *err)
{
    const vsh_step_constants *constants = train_validate_constants(v, run);
    vsh_step_parts roofline;
    vsh_step_work work;

    VSH_TRY(vsh_validate_lower(&run->config, &run->plan, ops, err));
    work = vsh_validate_step_work(&run->config, &run->plan, ops);
    run->uncalibrated = !vsh_step_learnt(&v->constants, &work, &v->machine);
    run->roofline_s = vsh_step_model(&work, &v->machine, NULL, &roofline).v;
    return vsh_validate_predict(&run->config, &run->plan, ops, &v->machine, constants,
                                &run->predicted, &run->priced, err);
}

/* A disturbed run would teach what the neighbours do. */
static void learn(validation *v, const vsh_validated *run, const vsh_op_list *ops)
{
    vsh_step_work work = vsh_validate_step_work(&run->config, &run->plan, ops);

    if (run->which->calibration && !vsh_validate_disturbed(&run->measured))
        vsh_step_learn(&v->constants, &work, &run->measured.clocks.parts, &v->machine);
}

/* What vishwa-sim cannot run it refuses, and that is no fault. */
static vsh_status ask(const validation *v, vsh_validated *run, vsh_error *err)
{
    vsh_arena *arena = v->session->arena;
    vsh_error refusal = {""};
    vsh_status status;

    VSH_TRY(vsh_validate_ask_plan(arena, &v->programs, &run->config, &run->planner, err));
    status = vsh_validate_ask_sim(arena, &v->programs, &run->config, &run->simulated, &refusal);
    if (status == VSH_EINPUT) {
        run->sim_refusal = vsh_copy_text(arena, refusal.text, strlen(refusal.text));
        return VSH_OK;
    }
    return status == VSH_OK ? VSH_OK : vsh_fail(err, status, "%s", refusal.text);
}

static vsh_status foresee(validation *v, vsh_validated *run, vsh_error *err)
{
    run->ops = vsh_alloc(v->session->arena, 1, sizeof *run->ops);
    if (!run->ops)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(configure(v, run, err));
    VSH_TRY(predict(v, run, run->ops, err));
    return ask(v, run, err);
}

static void judge(validation *v, vsh_validated *run)
{
    learn(v, run, run->ops);
    run->watts_measured = v->machine.power_chip.tag == VSH_TAG_MEASURED;
    run->modelled_j = run->measured.energy_measured
                          ? (double)NAN
                          : vsh_energy_watts(&v->machine) * run->measured.figures.step_time_s;
    vsh_validate_checks(run, v->check + v->checks);
    v->checks += VSH_VALIDATE_QUANTITIES;
}

/* By turns: a machine that is slow for a while, without others being seen on it, is not slow for
 * both rounds of one run. Runs for calibration are a group of their own: they are learnt from
 * before the others are predicted. */
static vsh_status validate(validation *v, vsh_validated *group, int count, vsh_error *err)
{
    for (int i = 0; i < count; i++)
        VSH_TRY(foresee(v, &group[i], err));
    for (int round = 0; round <= ROUNDS; round++)
        for (int i = 0; i < count; i++) {
            if (round == 0)
                say(v, "", group[i].which->name);
            VSH_TRY(measure(v, &group[i], round, err));
        }
    for (int i = 0; i < count; i++)
        judge(v, &group[i]);
    return VSH_OK;
}

static void count_verdicts(validation *v)
{
    for (int i = 0; i < v->checks; i++) {
        v->passed += v->check[i].verdict == VSH_CHECK_PASSED;
        v->failed += v->check[i].verdict == VSH_CHECK_FAILED;
    }
}

static vsh_status validate_all(validation *v, vsh_error *err)
{
    int teachers = 0;

    VSH_TRY(know_machine(v, err));
    while (teachers < v->runs && v->run[teachers].which->calibration)
        teachers++;
    VSH_TRY(validate(v, v->run, teachers, err));
    VSH_TRY(validate(v, v->run + teachers, v->runs - teachers, err));
    VSH_TRY(look_again(v, &v->seen[1], err));
    vsh_validate_rates(&v->machine, v->seen, v->check + v->checks);
    v->checks += VSH_VALIDATE_RATES;
    v->times = vsh_validate_count_times(v->check, v->checks);
    VSH_TRY(vsh_validate_over_all(v->session->arena, v->check, v->checks,
                                  v->asked->only.count ? 1 : VSH_VALIDATE_TIMES_MIN,
                                  &v->check[v->checks], err));
    v->checks++;
    count_verdicts(v);
    return VSH_OK;
}

/* ---- the call ---------------------------------------------------------------------------------
 */

static vsh_status make_scratch(validation *v, vsh_error *err)
{
    const char *pattern = vsh_path_join(v->session->arena, "/tmp", "vishwa-validate-XXXXXX");
    char *folder = pattern ? vsh_copy_text(v->session->arena, pattern, strlen(pattern)) : NULL;

    if (!folder)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    if (!mkdtemp(folder))
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", folder, strerror(errno));
    v->folder = folder;
    return VSH_OK;
}

/* Failed checks are the answer, also where the report could not be made whole. */
static vsh_status conclude(validation *v, vsh_error *err)
{
    vsh_status status = v->asked->report ? train_report_validation(v, err) : VSH_OK;

    if (!v->failed)
        return status;
    if (status != VSH_OK)
        vsh_text_add(&v->session->talk, "warning: %s\n", err->text);
    return vsh_fail(err, VSH_ENO, "%d of %d checks failed", v->failed, v->passed + v->failed);
}

vsh_status train_run_validate(vsh_session *s, vsh_error *err)
{
    validation *v = vsh_alloc(s->arena, 1, sizeof *v);
    train_config *asked = s->config;
    vsh_status status;

    if (!v)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    *v = (validation){.session = s,
                      .asked = asked,
                      .gemm = {.table_path = train_gemm_table(s)},
                      .threads = train_threads(s),
                      .steps = asked->steps   ? asked->steps
                               : asked->quick ? QUICK_STEPS
                                              : STEPS};
    VSH_TRY(choose(v, err));
    if (asked->report)
        VSH_TRY(vsh_report_check(asked->report, s->common->force, err));
    VSH_TRY(make_scratch(v, err));
    status = validate_all(v, err);
    vsh_folder_remove(v->folder, NULL);
    VSH_TRY(status);
    train_show_validation(v);
    s->answered = true;
    return conclude(v, err);
}
