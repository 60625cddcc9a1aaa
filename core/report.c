#include "core/report.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/chart.h"
#include "core/file.h"
#include "core/page.h"

/* gnuplot gets this long for all figures together; they take about a third of a second. */
#define DRAW_LIMIT_S 20.0

vsh_report_figure vsh_report_figure_of(vsh_arena *arena, const char *name, const char *title)
{
    return (vsh_report_figure){
        .name = name, .title = title, .script = {.arena = arena}, .caption = {.arena = arena}};
}

vsh_status vsh_report_check(const char *folder, bool force, vsh_error *err)
{
    char path[PATH_MAX];
    struct stat info;

    snprintf(path, sizeof path, "%.4000s/index.html", folder);
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return vsh_fail(err, VSH_EMACHINE, "--report: %s is a folder", path);
    if (!force && vsh_file_owner_of(path, VSH_PAGE_GENERATOR) == VSH_FILE_FOREIGN)
        return vsh_fail(err, VSH_EINPUT,
                        "--report: %s is not a report of ours; --force overwrites it", path);
    return VSH_OK;
}

vsh_status vsh_report_write_scripts(const char *folder, const vsh_report_figure *figures, int count,
                                    vsh_error *err)
{
    char path[PATH_MAX];

    for (int i = 0; i < count; i++) {
        if ((size_t)snprintf(path, sizeof path, "%s/%s.gp", folder, figures[i].name) >= sizeof path)
            return vsh_fail(err, VSH_EMACHINE, "%.80s...: %s", folder, strerror(ENAMETOOLONG));
        if (figures[i].caption.failed)
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
        VSH_TRY(vsh_file_write(path, &figures[i].script, err));
    }
    return VSH_OK;
}

/* The picture as gnuplot left it, NULL when it cannot be read. */
static const char *read_picture(const char *folder, const char *name, vsh_arena *arena)
{
    vsh_text picture = {.arena = arena};
    char path[PATH_MAX], room[16384];
    size_t got;
    FILE *file;

    if ((size_t)snprintf(path, sizeof path, "%s/%s.svg", folder, name) >= sizeof path ||
        !(file = fopen(path, "r")))
        return NULL;
    while ((got = fread(room, 1, sizeof room, file)) > 0 && picture.length < (4u << 20))
        vsh_text_put(&picture, room, got);
    if (ferror(file) || picture.failed)
        picture.length = 0;
    fclose(file);
    return picture.length ? picture.data : NULL;
}

/* Whether the picture is in the page; the caption and the script are there either way. */
static bool write_figure(const vsh_report_figure *f, int number, const char *svg, vsh_text *page)
{
    bool shown;

    vsh_text_add(page, "<figure id=\"%s\">\n", f->name);
    shown = svg && vsh_page_picture(page, svg, f->name, f->title);
    if (!shown)
        vsh_page_put(page, "p", "lead",
                     "%s: not drawn, because gnuplot is missing or failed. With it, run \"gnuplot "
                     "%s.gp\" in "
                     "this folder.",
                     f->title, f->name);
    vsh_text_add(page, "<figcaption>");
    vsh_text_add(page, "<strong>Figure %d.</strong> ", number);
    vsh_page_text(page, vsh_text_string(&f->caption));
    vsh_text_add(page, " <span class=\"soft\">(%s.gp, %s.svg)</span></figcaption>\n</figure>\n",
                 f->name, f->name);
    return shown;
}

bool vsh_report_add_figures(const char *folder, const vsh_report_figure *figures, int count,
                            vsh_text *page)
{
    const char *names[VSH_REPORT_FIGURES_MAX] = {NULL};
    bool drawn[VSH_REPORT_FIGURES_MAX], all = true;

    assert(count > 0 && count <= VSH_REPORT_FIGURES_MAX);
    for (int i = 0; i < count; i++)
        names[i] = figures[i].name;
    vsh_charts_draw(folder, names, count, DRAW_LIMIT_S, drawn);
    for (int i = 0; i < count; i++) {
        const char *svg = drawn[i] ? read_picture(folder, names[i], page->arena) : NULL;
        all = write_figure(&figures[i], i + 1, svg, page) && all;
    }
    return all;
}

vsh_status vsh_report_write_page(const char *folder, const vsh_text *page, vsh_error *err)
{
    char path[PATH_MAX];

    if ((size_t)snprintf(path, sizeof path, "%s/index.html", folder) >= sizeof path)
        return vsh_fail(err, VSH_EMACHINE, "%.80s...: %s", folder, strerror(ENAMETOOLONG));
    return vsh_file_write(path, page, err);
}

void vsh_report_tile(vsh_text *page, const char *name, const char *value, const char *note, ...)
{
    char text[256];
    va_list args;

    va_start(args, note);
    vsnprintf(text, sizeof text, note, args);
    va_end(args);
    vsh_text_add(page, "<div>");
    vsh_page_put(page, "dt", NULL, "%s", name);
    vsh_page_put(page, "dd", NULL, "%s", value);
    if (*text)
        vsh_page_put(page, "dd", "note", "%s", text);
    vsh_text_add(page, "</div>\n");
}

void vsh_report_fact(vsh_text *page, const char *name, const char *first, const char *second)
{
    vsh_page_put(page, "dt", NULL, "%s", name);
    vsh_text_add(page, "<dd>");
    vsh_page_text(page, first);
    if (second && *second) {
        vsh_text_add(page, " <span class=\"soft\">");
        vsh_page_text(page, second);
        vsh_text_add(page, "</span>");
    }
    vsh_text_add(page, "</dd>\n");
}
