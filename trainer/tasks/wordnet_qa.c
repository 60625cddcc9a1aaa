/* Questions: which of four definitions is a word's? The four are those of siblings, kinds of one
 * thing, and each of the four is asked for once, so that a model that looks at the definitions
 * alone, however it prefers some, is right exactly once in four. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "trainer/tasks/wordnet_items.h"

enum { FAMILY = 4, FAMILIES_MAX = 2, CHILDREN_MAX = 4096, LEMMAS_MAX = 4 };
/* words and bytes of a definition: at least what decontamination sees as a text, at most a line */
enum { WORDS_MIN = 6, BYTES_MAX = 160 };

static int32_t words_in(vsh_span_text text)
{
    int32_t words = 0;

    for (int32_t i = 0; i < text.length; i++)
        words += text.text[i] != ' ' && (i == 0 || text.text[i - 1] == ' ');
    return words;
}

static bool askable(const vsh_synset *s)
{
    if (s->instance || s->words > LEMMAS_MAX || s->definition.length > BYTES_MAX ||
        words_in(s->definition) < WORDS_MIN)
        return false;
    for (int32_t w = 0; w < s->words; w++)
        if (!vsh_item_plain(s->word[w]))
            return false;
    return true;
}

/* A definition that says a word in question gives the answer away. */
static bool says_word_of(const vsh_synset *defined, const vsh_synset *asked)
{
    for (int32_t w = 0; w < asked->words; w++)
        if (vsh_item_alike(defined->definition, asked->word[w]))
            return true;
    return false;
}

static bool same_word(const vsh_synset *a, const vsh_synset *b)
{
    for (int32_t i = 0; i < a->words; i++)
        for (int32_t j = 0; j < b->words; j++)
            if (a->word[i].length == b->word[j].length &&
                memcmp(a->word[i].text, b->word[j].text, (size_t)a->word[i].length) == 0)
                return true;
    return false;
}

/* Whether both may stand in one question: neither definition is right, or told, for the other. */
static bool apart(vsh_synsets *n, int64_t a, int64_t b)
{
    const vsh_synset *x = &n->synset[a], *y = &n->synset[b];

    return !same_word(x, y) && !says_word_of(x, y) && !says_word_of(y, x) &&
           !vsh_synset_below(n, a, b) && !vsh_synset_below(n, b, a) &&
           (x->definition.length != y->definition.length ||
            memcmp(x->definition.text, y->definition.text, (size_t)x->definition.length) != 0);
}

/* ---- lines -------------------------------------------------------------------------------- */

static const char *definition_text(vsh_arena *arena, const vsh_synset *s, const char *before)
{
    vsh_text text = {.arena = arena};

    vsh_text_add(&text, "%s%.*s", before, (int)s->definition.length, s->definition.text);
    return vsh_text_string(&text);
}

static void write_item(vsh_arena *arena, const vsh_synset *const *family, int asked, int answer,
                       vsh_text *out)
{
    const vsh_synset *s = family[asked];
    vsh_text id = {.arena = arena}, group = {.arena = arena}, prompt = {.arena = arena};
    vsh_json json = {.out = out, .one_line = true};

    vsh_text_add(&id, "qa-n%08" PRId64, s->offset);
    vsh_text_add(&group, "qa-n%08" PRId64, family[0]->offset);
    for (int32_t w = 0; w < s->words; w++) {
        vsh_text_add(&prompt, w ? ", " : "");
        vsh_item_word(s->word[w], &prompt);
    }
    vsh_text_add(&prompt, ":");
    vsh_json_object(&json, NULL);
    vsh_json_string(&json, "id", vsh_text_string(&id));
    vsh_json_string(&json, "group", vsh_text_string(&group));
    vsh_json_string(&json, "text", definition_text(arena, s, ""));
    vsh_json_string(&json, "prompt", vsh_text_string(&prompt));
    vsh_json_array(&json, "choices");
    for (int i = 0; i < FAMILY; i++)
        vsh_json_string(
            &json, NULL,
            definition_text(arena, family[(asked + i - answer + FAMILY) % FAMILY], " "));
    vsh_json_end(&json);
    vsh_json_integer(&json, "answer", answer);
    vsh_json_string(&json, "neutral_prompt", "something:");
    vsh_json_end(&json);
}

/* The four questions of a family; the answers stand at each place once. */
static vsh_status add_family(vsh_item_groups *groups, const vsh_synset *const *family,
                             vsh_error *err)
{
    vsh_text lines = {.arena = groups->arena};
    uint64_t draw = vsh_item_draw("qa family", family[0]);
    vsh_item_group group = {.draw = draw, .order = family[0]->offset, .items = FAMILY};

    for (int asked = 0; asked < FAMILY; asked++)
        write_item(groups->arena, family, asked, (int)((draw + (uint64_t)asked) % FAMILY), &lines);
    if (lines.failed)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    group.lines = vsh_text_string(&lines);
    return vsh_item_groups_add(groups, &group, err);
}

/* ---- families ----------------------------------------------------------------------------- */

/* A child that may be asked about. */
typedef struct {
    int64_t synset;
    int32_t length; /* of its definition */
} candidate;

static int by_length(const void *a, const void *b)
{
    const candidate *x = a, *y = b;

    return x->length != y->length ? x->length - y->length
                                  : (x->synset > y->synset) - (x->synset < y->synset);
}

/* Children by the lengths of their definitions, so that neighbours are about as long. */
static int find_candidates(vsh_synsets *n, const vsh_synset *parent, const bool *taken,
                           candidate *found)
{
    int count = 0;

    for (int32_t i = 0; i < parent->children && count < CHILDREN_MAX; i++) {
        int64_t child = parent->child[i];
        const vsh_synset *s = &n->synset[child];
        if (!taken[child] && askable(s) && !says_word_of(s, s))
            found[count++] = (candidate){child, s->definition.length};
    }
    qsort(found, (size_t)count, sizeof *found, by_length);
    return count;
}

/* Four from at on that are apart, the shortest first; the number found. */
static int choose_family(vsh_synsets *n, const candidate *found, int count, int at, int64_t *family)
{
    int chosen = 0;

    for (int i = at; i < count && chosen < FAMILY; i++) {
        bool fits = true;
        for (int j = 0; j < chosen && fits; j++)
            fits = apart(n, found[i].synset, family[j]);
        if (fits)
            family[chosen++] = found[i].synset;
    }
    return chosen;
}

/* At most FAMILIES_MAX of a parent, or genera of plants would be most of all questions. */
static vsh_status add_families(vsh_synsets *n, vsh_item_groups *groups, const vsh_synset *parent,
                               candidate *found, bool *taken, vsh_error *err)
{
    for (int families = 0; families < FAMILIES_MAX; families++) {
        int count = find_candidates(n, parent, taken, found);
        const vsh_synset *family[FAMILY];
        int64_t chosen[FAMILY];
        uint64_t draw = vsh_item_draw(families ? "qa second" : "qa first", parent);
        int at = count >= FAMILY ? (int)(draw % (uint64_t)(count - FAMILY + 1)) : 0;
        if (choose_family(n, found, count, at, chosen) < FAMILY)
            return VSH_OK;
        for (int i = 0; i < FAMILY; i++) {
            family[i] = &n->synset[chosen[i]];
            taken[chosen[i]] = true;
        }
        VSH_TRY(add_family(groups, family, err));
    }
    return VSH_OK;
}

vsh_status vsh_wordnet_qa(vsh_arena *arena, vsh_synsets *n, vsh_text *out, vsh_error *err)
{
    vsh_item_groups groups = {.arena = arena};
    candidate *found = vsh_alloc(arena, CHILDREN_MAX, sizeof *found);
    bool *taken = vsh_alloc(arena, (size_t)n->count + 1, sizeof *taken);

    if (!found || !taken)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int64_t i = 0; i < n->count; i++) {
        const vsh_synset *parent = &n->synset[i];
        if (parent->children >= FAMILY)
            VSH_TRY(add_families(n, &groups, parent, found, taken, err));
    }
    vsh_item_groups_write(&groups, out);
    return VSH_OK;
}
