#include <inttypes.h>

#include "core/page.h"
#include "trainer/train_study.h"

void train_study_page_open(const char *title, const char *lead, vsh_text *page)
{
    vsh_page_open(page, title);
    vsh_page_put(page, "h1", NULL, "%s", title);
    vsh_page_put(page, "p", "soft", "%s", lead);
}

static void write_card(const study_work *w, vsh_text *page)
{
    char text[96];

    vsh_page_put(page, "h2", NULL, "The card of this study");
    vsh_text_add(page, "<section class=\"card\">\n<dl class=\"facts\">\n");
    snprintf(text, sizeof text, "vishwa-train study %s --budget-hours %g", w->setup.kind->name,
             w->hours);
    vsh_report_fact(page, "command", text, NULL);
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
