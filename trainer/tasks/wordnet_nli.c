/* Entailment between "it is a P" and "it is an H": always (P is a kind of H), not always (H is a
 * kind of P), never (both are kinds of one thing). Each H stands once in each of the three, so that
 * the hypothesis alone tells nothing. The three answers are statements with the same two words, the
 * right one true: what a dictionary says about its words, and no "yes" or "no" that it never uses.
 */
#include <inttypes.h>

#include "core/json.h"
#include "trainer/tasks/wordnet_items.h"

enum { MEANINGS_MAX = 3, LABELS = 3 };

/* As a dictionary speaks of a word, and without an article that could be wrong. */
static const struct {
    const char *between;
    bool reversed; /* H stands first */
} statements[LABELS] = {
    {": a kind of ", false}, {": a kind of ", true}, {": different from any ", false}};

/* lexnames(5WN): animals, artifacts, bodies, food, natural objects, plants, substances. What is
 * abstract, and people, are many things at once: kinds that WordNet parts are not apart. */
static bool concrete(const vsh_synset *s)
{
    static const int32_t kinds[] = {5, 6, 8, 13, 17, 20, 27};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (s->lexfile == kinds[i])
            return true;
    return false;
}

static bool usable(const vsh_synsets *n, int64_t i)
{
    const vsh_synset *s = &n->synset[i];

    return concrete(s) && !s->instance && vsh_item_plain(s->word[0]) &&
           vsh_synset_meanings(n, s->word[0]) <= MEANINGS_MAX;
}

static vsh_span_text word_of(const vsh_synsets *n, int64_t i) { return n->synset[i].word[0]; }

/* a is a kind of b in some meaning, and the reverse in none. */
static bool only_below(vsh_synsets *n, int64_t a, int64_t b)
{
    vsh_span_text x = word_of(n, a), y = word_of(n, b);

    return !vsh_item_alike(x, y) && vsh_word_below(n, x, y) && !vsh_word_below(n, y, x);
}

/* A sibling is no contradiction when something is a kind of both, when either is a kind of the
 * other in some meaning, or when it has another parent: then it may be anything. */
static bool contradicts(vsh_synsets *n, int64_t a, int64_t b)
{
    vsh_span_text x = word_of(n, a), y = word_of(n, b);

    return a != b && n->synset[a].parents == 1 && n->synset[b].parents == 1 &&
           !vsh_item_alike(x, y) && !vsh_word_below(n, x, y) && !vsh_word_below(n, y, x) &&
           !vsh_synsets_meet_below(n, a, b);
}

typedef bool relation(vsh_synsets *n, int64_t a, int64_t b);

/* The one among candidates that is usable and stands in the relation to h, by lot; -1 for none. */
static int64_t draw_one(vsh_synsets *n, const char *purpose, const int32_t *candidates,
                        int32_t count, relation *holds, int64_t h)
{
    uint64_t least = UINT64_MAX;
    int64_t best = -1;

    for (int32_t i = 0; i < count; i++) {
        uint64_t draw = vsh_item_draw(purpose, &n->synset[candidates[i]]);
        if (draw < least && usable(n, candidates[i]) && holds(n, candidates[i], h)) {
            least = draw;
            best = candidates[i];
        }
    }
    return best;
}

/* ---- lines -------------------------------------------------------------------------------- */

static const char *statement(vsh_arena *arena, int label, const char *p, const char *h)
{
    vsh_text text = {.arena = arena};
    bool reversed = statements[label].reversed;

    vsh_text_add(&text, "%s%s%s", reversed ? h : p, statements[label].between, reversed ? p : h);
    return vsh_text_string(&text);
}

static const char *plain_word(vsh_arena *arena, vsh_span_text word)
{
    vsh_text text = {.arena = arena};

    vsh_item_word(word, &text);
    return vsh_text_string(&text);
}

static void write_item(vsh_arena *arena, const vsh_synset *premise, const vsh_synset *hypothesis,
                       int label, vsh_text *out)
{
    const char *p = plain_word(arena, premise->word[0]),
               *h = plain_word(arena, hypothesis->word[0]);
    vsh_json json = {.out = out, .one_line = true};
    vsh_text id = {.arena = arena}, group = {.arena = arena};

    vsh_text_add(&id, "nli-n%08" PRId64 "-n%08" PRId64, hypothesis->offset, premise->offset);
    vsh_text_add(&group, "nli-n%08" PRId64, hypothesis->offset);
    vsh_json_object(&json, NULL);
    vsh_json_string(&json, "id", vsh_text_string(&id));
    vsh_json_string(&json, "group", vsh_text_string(&group));
    vsh_json_string(&json, "text", statement(arena, label, p, h));
    vsh_json_string(&json, "premise", p);
    vsh_json_string(&json, "hypothesis", h);
    vsh_json_string(&json, "prompt", "");
    vsh_json_array(&json, "choices");
    for (int i = 0; i < LABELS; i++)
        vsh_json_string(&json, NULL, statement(arena, i, p, h));
    vsh_json_end(&json);
    vsh_json_integer(&json, "answer", label);
    vsh_json_array(&json, "neutral_choices");
    for (int i = 0; i < LABELS; i++)
        vsh_json_string(&json, NULL, statement(arena, i, "thing", "thing"));
    vsh_json_end(&json);
    vsh_json_end(&json);
}

/* ---- triples ------------------------------------------------------------------------------ */

/* For a hypothesis h: a kind of h, what h is a kind of, and a sibling, each as a premise. */
static vsh_status add_triple(vsh_synsets *n, vsh_item_groups *groups, int64_t h, vsh_error *err)
{
    const vsh_synset *s = &n->synset[h], *parent = &n->synset[s->parent[0]];
    int64_t below = draw_one(n, "nli below", s->child, s->children, only_below, h);
    int64_t sibling = draw_one(n, "nli sibling", parent->child, parent->children, contradicts, h);
    vsh_text lines = {.arena = groups->arena};
    vsh_item_group group = {vsh_item_draw("nli group", s), s->offset, LABELS, NULL};

    if (below < 0 || sibling < 0)
        return VSH_OK;
    write_item(groups->arena, &n->synset[below], s, 0, &lines);
    write_item(groups->arena, parent, s, 1, &lines);
    write_item(groups->arena, &n->synset[sibling], s, 2, &lines);
    if (lines.failed)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    group.lines = vsh_text_string(&lines);
    return vsh_item_groups_add(groups, &group, err);
}

vsh_status vsh_wordnet_nli(vsh_arena *arena, vsh_synsets *n, vsh_text *out, vsh_error *err)
{
    vsh_item_groups groups = {.arena = arena};

    for (int64_t h = 0; h < n->count; h++) {
        const vsh_synset *s = &n->synset[h];
        if (s->parents == 1 && s->children > 0 && usable(n, h) && usable(n, s->parent[0]) &&
            only_below(n, h, s->parent[0]))
            VSH_TRY(add_triple(n, &groups, h, err));
    }
    vsh_item_groups_write(&groups, out);
    return VSH_OK;
}
