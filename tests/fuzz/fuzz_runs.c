/* Any bytes as a table of runs: refused with one line that says where, or runs with positive
 * numbers, to which a fit is finite and a law that can be written and read, or says what it cannot
 * tell. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "planner/fit/fit.h"
#include "planner/laws/law_file.h"
#include "tests/fuzz/target.h"

static void check_law(vsh_arena *arena, const vsh_fit *fit)
{
    vsh_text text = {.arena = arena};
    vsh_error err = {""};
    vsh_law back;
    vsh_doc doc;

    for (int i = 0; fit->form->coefficient[i]; i++)
        assert(isfinite(fit->law.coefficient[i]) && isfinite(fit->law.stderr_[i]));
    assert(isfinite(fit->objective) && isfinite(fit->residual_sd));
    for (int i = 0; i < fit->runs->count; i++)
        assert(isfinite(fit->residual[i]) && fit->fitted[i] > 0);
    vsh_law_write(&fit->law, &text);
    assert(vsh_doc_parse(arena, "law", text.data, text.length, &doc, &err) == VSH_OK);
    /* numbers that no run has are refused there */
    assert(vsh_law_from_doc(arena, &doc, &back, &err) == VSH_OK || fit->law.params_high > 1e18 ||
           fit->law.params_low < 1 || fit->law.tokens_high > 1e18 || fit->law.tokens_low < 1 ||
           fit->residual_sd > 1);
}

static void check_fit(vsh_arena *arena, const vsh_runs *runs, const vsh_form *form)
{
    vsh_fit_options options = {
        .form = form, .delta = 1e-3, .bootstraps = 2, .seed = 1, .threads = 1, .hold_out = 0.2};
    vsh_error err = {""};
    vsh_fit fit;

    if (vsh_fit_run(arena, runs, &options, &fit, &err) != VSH_OK)
        assert(err.text[0] && !strpbrk(err.text, "\r\n\t\033"));
    else if (fit.identified)
        check_law(arena, &fit);
    else
        assert(fit.unidentified && fit.reason[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    vsh_run_columns columns = {.group = length % 2 ? "set" : NULL};
    vsh_arena arena = {0};
    vsh_error err = {""};
    vsh_runs runs;

    if (vsh_runs_of(&arena, "input", (const char *)bytes, length, &columns, &runs, &err) !=
        VSH_OK) {
        assert(strncmp(err.text, "input:", 6) == 0 && !strpbrk(err.text, "\r\n\t\033"));
    } else {
        assert(runs.count > 0);
        for (int i = 0; i < runs.count; i++) {
            assert(runs.run[i].at.params > 0 && isfinite(runs.run[i].at.params));
            assert(runs.run[i].loss > 0 && runs.run[i].line > 1);
            assert(runs.run[i].group >= 0 && runs.run[i].group <= runs.group_count);
        }
        check_fit(&arena, &runs, &vsh_form_chinchilla);
        if (runs.has_experts)
            check_fit(&arena, &runs, &vsh_form_routed);
    }
    vsh_arena_free(&arena);
    return 0;
}
