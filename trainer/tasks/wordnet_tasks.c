#include "trainer/tasks/wordnet_tasks.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "trainer/base/hash64.h"
#include "trainer/tasks/wordnet_items.h"

/* ---- what questions are made of ----------------------------------------------------------- */

uint64_t vsh_item_draw(const char *purpose, const vsh_synset *synset)
{
    char name[64];
    int length = snprintf(name, sizeof name, "%s n%08lld", purpose, (long long)synset->offset);

    return vsh_hash64(name, (size_t)length);
}

void vsh_item_word(vsh_span_text word, vsh_text *text)
{
    for (int32_t i = 0; i < word.length; i++)
        vsh_text_put(text, word.text[i] == '_' ? " " : word.text + i, 1);
}

bool vsh_item_plain(vsh_span_text word)
{
    for (int32_t i = 0; i < word.length; i++)
        if (!islower((unsigned char)word.text[i]) && !strchr("_-'", word.text[i]))
            return false;
    return word.length > 0;
}

/* The next word from *at on: its first four letters as a number, 0 for a shorter one; false at the
 * end. */
static bool next_stem(vsh_span_text text, int32_t *at, uint32_t *stem)
{
    int32_t letters = 0;

    while (*at < text.length && !isalpha((unsigned char)text.text[*at]))
        (*at)++;
    if (*at == text.length)
        return false;
    *stem = 0;
    for (; *at < text.length && isalpha((unsigned char)text.text[*at]); (*at)++)
        if (letters++ < 4)
            *stem = *stem << 8 | (uint32_t)tolower((unsigned char)text.text[*at]);
    if (letters < 4)
        *stem = 0;
    return true;
}

bool vsh_item_alike(vsh_span_text a, vsh_span_text b)
{
    uint32_t stem, other;

    for (int32_t i = 0; next_stem(a, &i, &stem);)
        for (int32_t j = 0; stem && next_stem(b, &j, &other);)
            if (stem == other)
                return true;
    return false;
}

/* ---- groups ------------------------------------------------------------------------------- */

vsh_status vsh_item_groups_add(vsh_item_groups *g, const vsh_item_group *group, vsh_error *err)
{
    vsh_item_group *grown = vsh_grow(g->arena, g->group, g->groups, &g->capacity, sizeof *grown);

    if (!grown)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    g->group = grown;
    g->group[g->groups++] = *group;
    return VSH_OK;
}

static int by_draw(const void *a, const void *b)
{
    const vsh_item_group *x = a, *y = b;

    return x->draw != y->draw ? (x->draw > y->draw) - (x->draw < y->draw)
                              : (x->order > y->order) - (x->order < y->order);
}

static int by_order(const void *a, const void *b)
{
    const vsh_item_group *x = a, *y = b;

    return (x->order > y->order) - (x->order < y->order);
}

void vsh_item_groups_write(vsh_item_groups *g, vsh_text *out)
{
    int64_t kept = 0, items = 0;

    if (g->groups == 0)
        return;
    qsort(g->group, (size_t)g->groups, sizeof *g->group, by_draw);
    while (kept < g->groups && items + g->group[kept].items <= VSH_ITEMS_MAX)
        items += g->group[kept++].items;
    qsort(g->group, (size_t)kept, sizeof *g->group, by_order);
    for (int64_t i = 0; i < kept; i++)
        vsh_text_put(out, g->group[i].lines, strlen(g->group[i].lines));
}

/* ---- files -------------------------------------------------------------------------------- */

typedef vsh_status maker(vsh_arena *arena, vsh_synsets *synsets, vsh_text *out, vsh_error *err);

static vsh_status write_task(vsh_arena *arena, vsh_synsets *synsets, maker *make,
                             const char *folder, const char *name, vsh_error *err)
{
    const char *path = vsh_path_join(arena, folder, name);
    vsh_text out = {.arena = arena};

    VSH_TRY(make(arena, synsets, &out, err));
    if (!path || out.failed)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    return vsh_file_write(path, &out, err);
}

static vsh_status write_tasks(vsh_arena *arena, const char *wordnet, const char *folder,
                              bool *there, vsh_error *err)
{
    vsh_synsets synsets;

    VSH_TRY(vsh_synsets_read(arena, wordnet, &synsets, there, err));
    if (!*there)
        return VSH_OK;
    VSH_TRY(write_task(arena, &synsets, vsh_wordnet_qa, folder, "qa.jsonl", err));
    return write_task(arena, &synsets, vsh_wordnet_nli, folder, "nli.jsonl", err);
}

vsh_status vsh_wordnet_tasks_write(const char *wordnet, const char *folder, bool *there,
                                   vsh_error *err)
{
    vsh_arena arena = {0};
    vsh_status status = write_tasks(&arena, wordnet, folder, there, err);

    vsh_arena_free(&arena);
    return status;
}
