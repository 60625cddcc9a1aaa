/* Any bytes as a law file: refused with one line, or a law that gives finite numbers in its fitted
 * range and reads back from what is written of it. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "planner/laws/law_file.h"
#include "planner/laws/uncertainty.h"
#include "tests/fuzz/target.h"

static void check_round_trip(vsh_arena *arena, const vsh_law *law)
{
    vsh_text text = {.arena = arena};
    vsh_error err = {""};
    vsh_law back;
    vsh_doc doc;

    vsh_law_write(law, &text);
    assert(vsh_doc_parse(arena, "input", text.data, text.length, &doc, &err) == VSH_OK);
    assert(vsh_law_from_doc(arena, &doc, &back, &err) == VSH_OK);
    assert(strcmp(back.name, law->name) == 0 && strcmp(back.corpus, law->corpus) == 0);
    assert(back.form == law->form && back.n_counts == law->n_counts && back.runs == law->runs);
    for (int i = 0; i < VSH_COEFFICIENTS; i++)
        assert(back.coefficient[i] == law->coefficient[i] && back.stderr_[i] == law->stderr_[i]);
    assert(!back.covariance == !law->covariance && back.draw_count == law->draw_count);
    assert(!back.residuals == !law->residuals && back.open == law->open);
    assert(back.params_low == law->params_low && back.tokens_high == law->tokens_high);
}

static void check_figures(const vsh_law *law)
{
    const vsh_point point = {law->params_low, law->tokens_low, 0, 1, 0};
    const vsh_draw_options draws = {.seed = 1, .residual_sd = vsh_law_residual(law)};
    const vsh_draw_options budget = {.flops = 6 * point.params * point.tokens, .seed = 1};
    vsh_interval range, params, tokens;
    vsh_error err;
    char reason[160];

    vsh_law_valid(law, &point, reason, sizeof reason);
    assert(strlen(reason) < sizeof reason);
    if (!law->form->loss)
        return;
    assert(isfinite(vsh_law_loss(law, &point)));
    if (!law->covariance && law->draw_count == 0)
        return;
    assert(vsh_uncertain_loss(law, &point, &draws, &range, &err) == VSH_OK);
    assert(isfinite(range.low) && isfinite(range.high) && range.low <= range.high);
    assert(vsh_uncertain_optimum(law, &budget, &params, &tokens, &range, &err) == VSH_OK);
    assert(!law->form->no_tokens || isnan(params.low));
    assert(law->form->no_tokens || (params.low > 0 && tokens.low > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    vsh_arena arena = {0};
    vsh_error err = {""};
    vsh_law law;
    vsh_doc doc;

    if (vsh_doc_parse(&arena, "input", (const char *)bytes, length, &doc, &err) == VSH_OK &&
        vsh_law_from_doc(&arena, &doc, &law, &err) == VSH_OK) {
        check_round_trip(&arena, &law);
        check_figures(&law);
    } else {
        assert(strncmp(err.text, "input:", 6) == 0 && !strpbrk(err.text, "\r\n\t\033"));
    }
    vsh_arena_free(&arena);
    return 0;
}
