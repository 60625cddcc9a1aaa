#include "planner/export/export_rows.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "planner/export/export_feature.h"

/* ---- text of files and people -----------------------------------------------------------------
 */

void vsh_quote_double(const char *text, vsh_text *out)
{
    vsh_text_put(out, "\"", 1);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f)
            vsh_text_add(out, "\\u%04x", *c);
        else
            vsh_text_add(out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    }
    vsh_text_put(out, "\"", 1);
}

void vsh_quote_shell(const char *text, vsh_text *out)
{
    vsh_text_put(out, "'", 1);
    for (; *text; text++)
        vsh_text_add(out, *text == '\'' ? "'\\''" : "%c", *text);
    vsh_text_put(out, "'", 1);
}

/* What YAML 1.1 ends a line with beside control characters: U+0085, U+2028, U+2029. Its bytes. */
static int line_break(const unsigned char *c)
{
    if (c[0] == 0xc2 && c[1] == 0x85)
        return 2;
    return c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9) ? 3 : 0;
}

void vsh_quote_comment(const char *text, vsh_text *out)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        int broken = line_break(c);
        vsh_text_add(out, "%c", *c < 0x20 || *c == 0x7f || broken ? ' ' : *c);
        c += broken ? broken - 1 : 0;
    }
}

/* ---- values -----------------------------------------------------------------------------------
 */

bool vsh_say_whole(vsh_text *out, int64_t value)
{
    vsh_text_add(out, "%" PRId64, value);
    return true;
}

/* As few digits as say it to fifteen. YAML 1.1 takes "1e-05" for a text and TOML "1" for a whole
 * number: there is always a point. */
bool vsh_say_real(vsh_text *out, double value)
{
    char room[40];
    size_t mantissa;

    assert(isfinite(value));
    for (int digits = 1; digits <= 15; digits++) {
        snprintf(room, sizeof room, "%.*g", digits, value);
        if (fabs(strtod(room, NULL) - value) <= 1e-15 * fabs(value))
            break;
    }
    mantissa = strcspn(room, "e");
    vsh_text_put(out, room, mantissa);
    if (!memchr(room, '.', mantissa))
        vsh_text_add(out, ".0");
    vsh_text_add(out, "%s", room + mantissa);
    return true;
}

bool vsh_say_word(vsh_text *out, const char *word)
{
    vsh_text_add(out, "%s", word);
    return true;
}

#define WHOLE(name, condition, value)                                                              \
    bool vsh_row_##name(const vsh_export_run *r, vsh_text *out)                                    \
    {                                                                                              \
        return (condition) && vsh_say_whole(out, (value));                                         \
    }
#define REAL(name, condition, value)                                                               \
    bool vsh_row_##name(const vsh_export_run *r, vsh_text *out)                                    \
    {                                                                                              \
        return (condition) && vsh_say_real(out, (value));                                          \
    }

WHOLE(layers, true, r->model->layers)
WHOLE(hidden, true, r->model->hidden)
WHOLE(heads, true, r->model->heads)
WHOLE(kv_heads, true, r->model->kv_heads)
WHOLE(head_dim, true, r->model->head_dim)
WHOLE(ffn, true, r->model->ffn ? r->model->ffn : r->model->experts.hidden)
WHOLE(vocab, true, r->model->vocab)
WHOLE(experts, vsh_export_has(r, VSH_HAS_EXPERTS), r->model->experts.count)
WHOLE(top_k, vsh_export_has(r, VSH_HAS_EXPERTS), r->model->experts.top_k)
WHOLE(expert_hidden, vsh_export_has(r, VSH_HAS_EXPERTS), r->model->experts.hidden)
REAL(capacity, vsh_export_has(r, VSH_HAS_CAPACITY), r->model->experts.capacity)
WHOLE(seq, true, r->seq)
WHOLE(batch, true, r->batch)
WHOLE(micro, true, r->micro)
WHOLE(steps, r->tuned, r->steps)
WHOLE(seed, true, r->seed)
REAL(rate, r->tuned, r->rate)
REAL(beta1, r->tuned, r->schedule.beta1)
REAL(beta2, r->tuned, r->schedule.beta2)
REAL(decay, r->tuned, r->schedule.weight_decay)
REAL(clip, r->tuned, r->schedule.clip)
WHOLE(warmup, r->tuned, (int64_t)r->schedule.warmup_steps)
REAL(cooldown, r->tuned, r->schedule.cooldown_share)
WHOLE(tensor, true, r->layout.split.tensor)
WHOLE(pipeline, true, r->layout.pp)
WHOLE(context, true, r->layout.split.context)
WHOLE(expert_ways, true, r->layout.split.expert)

/* ---- lines ------------------------------------------------------------------------------------
 */

typedef void quote(const char *text, vsh_text *out);

/* The value as text in the run's arena; NULL: the plan does not say. */
static const char *value_of(const vsh_export_run *run, const vsh_export_row *row, quote *quoted,
                            vsh_text *room)
{
    vsh_text plain = {.arena = room->arena};

    if (!row->get(run, &plain))
        return NULL;
    if (row->kind == VSH_ROW_NUMBER)
        return vsh_text_string(&plain);
    *room = (vsh_text){.arena = room->arena};
    quoted(vsh_text_string(&plain), room);
    return vsh_text_string(room);
}

/* A heading where another section begins. */
static void head(const char *format, const char *section, const char **before, vsh_text *out)
{
    if (*before && strcmp(*before, section) == 0)
        return;
    vsh_text_add(out, format, section);
    *before = section;
}

static void lines(const vsh_export_run *run, const vsh_export_row *rows, const char *heading,
                  const char *line, quote *quoted, vsh_text *out)
{
    const char *before = NULL;

    for (; rows->key; rows++) {
        vsh_text room = {.arena = out->arena};
        const char *value = value_of(run, rows, quoted, &room);
        if (!value)
            continue;
        if (heading)
            head(heading, rows->section, &before, out);
        if (rows->kind == VSH_ROW_FLAG)
            vsh_text_add(out, "    %s \\\n", rows->key);
        else
            vsh_text_add(out, line, rows->key, value);
    }
}

void vsh_rows_yaml(const vsh_export_run *run, const vsh_export_row *rows, vsh_text *out)
{
    lines(run, rows, "\n# %s\n", "%s: %s\n", vsh_quote_double, out);
}

void vsh_rows_toml(const vsh_export_run *run, const vsh_export_row *rows, vsh_text *out)
{
    lines(run, rows, "\n[%s]\n", "%s = %s\n", vsh_quote_double, out);
}

void vsh_rows_python(const vsh_export_run *run, const vsh_export_row *rows, vsh_text *out)
{
    lines(run, rows, NULL, "    %s=%s,\n", vsh_quote_double, out);
}

void vsh_rows_shell(const vsh_export_run *run, const vsh_export_row *rows, vsh_text *out)
{
    lines(run, rows, NULL, "    %s %s \\\n", vsh_quote_shell, out);
}

/* ---- the top of a file ------------------------------------------------------------------------
 */

static void comment(vsh_text *out, const char *before, const char *text)
{
    vsh_text_add(out, "# %s", before);
    vsh_quote_comment(text, out);
    vsh_text_put(out, "\n", 1);
}

void vsh_export_heading(const vsh_export_target *target, const vsh_export_run *run, vsh_text *out)
{
    vsh_text layout = {.arena = out->arena};

    vsh_layout_show(&run->layout, &layout);
    vsh_text_add(out, "# For %s. Keys checked against:\n# %s\n", target->system, target->version);
    comment(out, "made by: ", run->command);
    comment(out, "model: ", run->model->name);
    vsh_text_add(out, "# hardware: %" PRId64 " x ", run->chips);
    vsh_quote_comment(run->hardware->name, out);
    vsh_text_put(out, "\n", 1);
    comment(out, "layout: ", vsh_text_string(&layout));
}
