#include <inttypes.h>

#include "core/page.h"
#include "trainer/train_study.h"

void train_study_page_open(const char *title, const char *lead, vsh_text *page)
{
    vsh_page_open(page, title);
    vsh_page_put(page, "h1", NULL, "%s", title);
    vsh_page_put(page, "p", "soft", "%s", lead);
}

/* As it was begun: what decides the runs, and the threads that their seconds are of. */
static const char *command(const study_work *w)
{
    vsh_arena *arena = w->session->arena;
    vsh_text hours = {.arena = arena}, seed = {.arena = arena}, threads = {.arena = arena};
    char *words[16 + 2 * VSH_OPT_LIST_MAX] = {"vishwa-train", "study", (char *)w->setup.kind->name};
    int count = 3;

    vsh_text_add(&hours, "%g", w->hours);
    words[count++] = "--budget-hours";
    words[count++] = (char *)vsh_text_string(&hours);
    vsh_text_add(&seed, "%" PRIu64, w->setup.seed);
    words[count++] = "--seed";
    words[count++] = (char *)vsh_text_string(&seed);
    vsh_text_add(&threads, "%" PRId64, w->settled_threads);
    if (w->settled_threads) {
        words[count++] = "--threads";
        words[count++] = (char *)vsh_text_string(&threads);
    }
    for (int i = 0; i < w->setup.set_count; i++) {
        words[count++] = "--set";
        words[count++] = (char *)w->setup.sets[i];
    }
    return vsh_show_command(arena, count, words);
}

static void write_card(const study_work *w, vsh_text *page)
{
    char text[96];

    vsh_page_put(page, "h2", NULL, "The card of this study");
    vsh_text_add(page, "<section class=\"card\">\n<dl class=\"facts\">\n");
    vsh_report_fact(page, "command", command(w), NULL);
    vsh_report_fact(page, "version", w->settled_program, NULL);
    vsh_report_fact(page, "machine", w->settled_card, NULL);
    snprintf(text, sizeof text, "%" PRId64, w->records.count);
    vsh_report_fact(page, "runs", text, "records.jsonl has a line for each");
    snprintf(text, sizeof text, "%.3g million tokens, hash %s", (double)w->train_tokens / 1e6,
             w->data_hash);
    vsh_report_fact(page, "training text", text, "bytes are the tokens");
    vsh_text_add(page, "</dl>\n</section>\n");
}

vsh_status train_study_page_close(const study_work *w, const vsh_report_figure *figures, int count,
                                  vsh_text *page, bool *drawn, vsh_error *err)
{
    const char *folder = w->path.out;

    VSH_TRY(vsh_report_check(folder, w->session->common->force, err));
    VSH_TRY(vsh_report_write_scripts(folder, figures, count, err));
    vsh_page_put(page, "h2", NULL, "Pictures");
    *drawn = vsh_report_add_figures(folder, figures, count, page);
    write_card(w, page);
    vsh_page_close(page);
    return vsh_report_write_page(folder, page, err);
}
