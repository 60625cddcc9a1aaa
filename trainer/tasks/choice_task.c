#include "trainer/tasks/choice_task.h"

#include <string.h>

#include "core/lines.h"
#include "core/text.h"
#include "trainer/base/json_read.h"

enum { FILE_BYTES_MAX = 256 << 20, TEXT_BYTES_MAX = 1 << 16 };

/* A line, and what messages call it. */
typedef struct {
    vsh_arena *arena;
    const char *where;
    vsh_value root;
    const char *group; /* NULL: a group of its own */
} line_reader;

static vsh_status wrong(const line_reader *r, const char *what, vsh_error *err)
{
    return vsh_fail(err, VSH_EINPUT, "%s: %s", r->where, what);
}

static bool is_text(const vsh_value *v, bool empty_allowed)
{
    return v && v->kind == VSH_VALUE_TEXT && (empty_allowed || *v->text) &&
           strlen(v->text) <= TEXT_BYTES_MAX;
}

/* *text is NULL when the key is not there and need not be. */
static vsh_status read_text(const line_reader *r, const char *key, bool needed, const char **text,
                            vsh_error *err)
{
    const vsh_value *v = vsh_value_get(&r->root, key);

    *text = NULL;
    if (!v && !needed)
        return VSH_OK;
    if (!is_text(v, true))
        return vsh_fail(err, VSH_EINPUT, "%s: expected \"%s\", a text of at most %d bytes",
                        r->where, key, TEXT_BYTES_MAX);
    *text = v->text;
    return VSH_OK;
}

static vsh_status read_choices(const line_reader *r, const vsh_value *list, int64_t count,
                               const char *const **choice, vsh_error *err)
{
    const char **text;

    if (!list || list->kind != VSH_VALUE_LIST || list->count < 2 || list->count > VSH_CHOICES_MAX ||
        (count && list->count != count))
        return wrong(r, "expected \"choices\", two to sixteen texts, and as many neutral ones",
                     err);
    if (!(text = vsh_alloc(r->arena, (size_t)list->count, sizeof *text)))
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int64_t i = 0; i < list->count; i++) {
        if (!is_text(&list->item[i], false))
            return wrong(r, "expected choices that are texts and not empty", err);
        text[i] = list->item[i].text;
    }
    *choice = text;
    return VSH_OK;
}

static vsh_status read_item(line_reader *r, vsh_choice_item *item, vsh_error *err)
{
    const vsh_value *choices = vsh_value_get(&r->root, "choices");
    const vsh_value *neutral = vsh_value_get(&r->root, "neutral_choices");
    const vsh_value *answer = vsh_value_get_kind(&r->root, "answer", VSH_VALUE_INTEGER);

    VSH_TRY(read_text(r, "id", true, &item->id, err));
    VSH_TRY(read_text(r, "prompt", true, &item->prompt, err));
    VSH_TRY(read_choices(r, choices, 0, &item->choice, err));
    item->choices = (int32_t)choices->count;
    if (!answer || answer->integer < 0 || answer->integer >= choices->count)
        return wrong(r, "expected \"answer\", the place of a choice, counted from 0", err);
    item->answer = (int32_t)answer->integer;
    VSH_TRY(read_text(r, "neutral_prompt", false, &item->neutral_prompt, err));
    if (neutral)
        VSH_TRY(read_choices(r, neutral, item->choices, &item->neutral_choice, err));
    VSH_TRY(read_text(r, "group", false, &r->group, err));
    VSH_TRY(read_text(r, "premise", false, &item->premise, err));
    VSH_TRY(read_text(r, "hypothesis", false, &item->hypothesis, err));
    if (!item->premise != !item->hypothesis)
        return wrong(r, "expected \"premise\" and \"hypothesis\", or neither", err);
    return VSH_OK;
}

/* Of one kind, so that a figure means the same for every item. */
static bool alike(const vsh_choice_item *a, const vsh_choice_item *b)
{
    return !a->premise == !b->premise &&
           (a->neutral_prompt || a->neutral_choice) == (b->neutral_prompt || b->neutral_choice);
}

/* *group: of the line before, and then of this one. */
static vsh_status read_line(vsh_arena *arena, const vsh_lines *lines, const char *line,
                            const char **group, vsh_choice_item *item, vsh_error *err)
{
    line_reader r = {.arena = arena};
    vsh_text where = {.arena = arena};

    vsh_text_add(&where, "%s:%lld", lines->path, (long long)lines->line);
    r.where = vsh_text_string(&where);
    VSH_TRY(vsh_json_read(arena, r.where, line, strlen(line), &r.root, err));
    if (r.root.kind != VSH_VALUE_OBJECT)
        return wrong(&r, "expected an object", err);
    VSH_TRY(read_item(&r, item, err));
    item->begins = !r.group || !*group || strcmp(r.group, *group) != 0;
    *group = r.group;
    return VSH_OK;
}

vsh_status vsh_choice_task_read(vsh_arena *arena, const char *path, vsh_choice_task *task,
                                vsh_error *err)
{
    vsh_lines lines;
    vsh_choice_item *item;
    const char *group = NULL;
    int64_t room;

    VSH_TRY(vsh_lines_read(arena, path, FILE_BYTES_MAX, &lines, err));
    room = vsh_count_lines(lines.text, lines.length);
    if (room > VSH_CHOICE_ITEMS_MAX)
        return vsh_fail(err, VSH_EINPUT, "%s: expected at most %d lines", path,
                        VSH_CHOICE_ITEMS_MAX);
    if (!(item = vsh_alloc(arena, (size_t)room, sizeof *item)))
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    *task = (vsh_choice_task){.path = path, .item = item};
    for (const char *line; (line = vsh_lines_next(&lines));) {
        if (!*line)
            continue;
        VSH_TRY(read_line(arena, &lines, line, &group, &item[task->items], err));
        if (!alike(&item[task->items], &item[0]))
            return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected the same keys in every line", path,
                            (long long)lines.line);
        task->chance += 1.0 / item[task->items++].choices;
    }
    if (task->items == 0)
        return vsh_fail(err, VSH_EINPUT, "%s: expected a question in each line, got none", path);
    task->chance /= (double)task->items;
    return VSH_OK;
}
