/* What the makers of WordNet's questions share: lines that are sorted and cut to a number, and what
 * may stand in a question. */
#ifndef VSH_WORDNET_ITEMS_H
#define VSH_WORDNET_ITEMS_H

#include "core/text.h"
#include "trainer/tasks/synsets.h"

/* Of each kind at most so many: an accuracy is then known to 2 % or so, and the definitions that
 * may not be trained on are one in fifty of WordNet's. */
enum { VSH_ITEMS_MAX = 2000 };

/* Questions that belong together, as lines of JSON. */
typedef struct {
    uint64_t draw; /* the smallest stay when there are too many */
    int64_t order; /* of the file */
    int32_t items;
    const char *lines;
} vsh_item_group;

typedef struct {
    vsh_arena *arena;
    vsh_item_group *group;
    int64_t groups, capacity;
} vsh_item_groups;

/* XXH64 of a purpose and a synset's offset: a draw that every machine makes alike. */
uint64_t vsh_item_draw(const char *purpose, const vsh_synset *synset);

/* Groups hold their place until the file is written. VSH_EMACHINE. */
vsh_status vsh_item_groups_add(vsh_item_groups *groups, const vsh_item_group *group,
                               vsh_error *err);
/* Appends the lines of the groups that stay, in order. */
void vsh_item_groups_write(vsh_item_groups *groups, vsh_text *out);

/* A word as people write it: blanks for '_'. */
void vsh_item_word(vsh_span_text word, vsh_text *text);
/* Whether two texts have words of four letters and more that begin with the same four. */
bool vsh_item_alike(vsh_span_text a, vsh_span_text b);
/* Words that begin with a capital, or have more than letters, '_', '-' and apostrophes, are none
 * that a small model meets. */
bool vsh_item_plain(vsh_span_text word);

/* All of one kind. */
vsh_status vsh_wordnet_qa(vsh_arena *arena, vsh_synsets *synsets, vsh_text *out, vsh_error *err);
vsh_status vsh_wordnet_nli(vsh_arena *arena, vsh_synsets *synsets, vsh_text *out, vsh_error *err);

#endif
