#include "trainer/tasks/choice_baseline.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/base/hash64.h"

/* Words that are near one another: in the same so many of a document, counted from its first. */
enum { NEAR_WORDS = 64, WORD_BYTES_MAX = 48 };

/* A word of the task. */
typedef struct {
    uint64_t hash; /* 0: an empty place */
    int64_t seen;  /* stretches of text that have it */
    bool asks;     /* stands in a prompt */
} known_word;

/* Two words, a prompt's first; places in the table. */
typedef struct {
    uint64_t key; /* 0: an empty place */
    int64_t seen; /* stretches that have both */
} known_pair;

struct vsh_choice_baseline {
    const vsh_choice_task *task;
    known_word *word;
    known_pair *pair;
    uint64_t words_mask, pairs_mask; /* sizes are powers of two */
    int64_t stretches;
};

/* ---- words -------------------------------------------------------------------------------- */

/* A text from which words are taken one after the other. */
typedef struct {
    const char *at, *end;
} word_reader;

static word_reader words_of(const char *text) { return (word_reader){text, text + strlen(text)}; }

/* The hash of the next run of letters and digits in lower case, never 0; false at the end. */
static bool next_word(word_reader *r, uint64_t *hash)
{
    char word[WORD_BYTES_MAX];
    size_t length = 0;

    while (r->at < r->end && !isalnum((unsigned char)*r->at) && (signed char)*r->at >= 0)
        r->at++;
    if (r->at == r->end)
        return false;
    for (; r->at < r->end && (isalnum((unsigned char)*r->at) || (signed char)*r->at < 0); r->at++)
        if (length < sizeof word)
            word[length++] = (char)tolower((unsigned char)*r->at);
    *hash = vsh_hash64(word, length) | 1;
    return true;
}

/* The place of a hash, or the empty one where it would be. */
static uint64_t place_of(const vsh_choice_baseline *b, uint64_t hash)
{
    uint64_t at = hash >> 8 & b->words_mask;

    while (b->word[at].hash && b->word[at].hash != hash)
        at = (at + 1) & b->words_mask;
    return at;
}

static const known_word *known(const vsh_choice_baseline *b, uint64_t hash)
{
    const known_word *w = &b->word[place_of(b, hash)];

    return w->hash ? w : NULL;
}

static uint64_t key_of(uint64_t first, uint64_t second) { return (first << 32 | second) + 1; }

static known_pair *pair_of(const vsh_choice_baseline *b, uint64_t first, uint64_t second)
{
    uint64_t key = key_of(first, second), at = key * 0x9e3779b97f4a7c15 >> 20 & b->pairs_mask;

    while (b->pair[at].key && b->pair[at].key != key)
        at = (at + 1) & b->pairs_mask;
    return &b->pair[at];
}

/* ---- what the task asks for --------------------------------------------------------------- */

/* A text of the task, once for each choice that it stands with. */
typedef void visit(vsh_choice_baseline *b, const char *prompt, const char *choice);

static void visit_all(vsh_choice_baseline *b, visit *each)
{
    for (int64_t i = 0; i < b->task->items; i++) {
        const vsh_choice_item *item = &b->task->item[i];
        if (item->premise)
            each(b, item->premise, item->hypothesis);
        for (int32_t c = 0; c < item->choices && !item->premise; c++)
            each(b, item->prompt, item->choice[c]);
    }
}

static int64_t count_words(const char *text)
{
    word_reader r = words_of(text);
    int64_t count = 0;

    for (uint64_t hash; next_word(&r, &hash);)
        count++;
    return count;
}

/* Counts in place of tables: how large these may have to be. */
static void measure(vsh_choice_baseline *b, const char *prompt, const char *choice)
{
    uint64_t asking = (uint64_t)count_words(prompt), said = (uint64_t)count_words(choice);

    b->words_mask += asking + said;
    b->pairs_mask += asking * said;
}

static void keep_words(vsh_choice_baseline *b, const char *prompt, const char *choice)
{
    word_reader asking = words_of(prompt), said = words_of(choice);

    for (uint64_t hash; next_word(&asking, &hash);) {
        known_word *w = &b->word[place_of(b, hash)];
        w->hash = hash;
        w->asks = true;
    }
    for (uint64_t hash; next_word(&said, &hash);)
        b->word[place_of(b, hash)].hash = hash;
}

static void keep_pairs(vsh_choice_baseline *b, const char *prompt, const char *choice)
{
    word_reader asking = words_of(prompt);

    for (uint64_t hash; next_word(&asking, &hash);) {
        uint64_t first = place_of(b, hash);
        word_reader said = words_of(choice);
        for (uint64_t other; next_word(&said, &other);) {
            uint64_t second = place_of(b, other);
            pair_of(b, first, second)->key = key_of(first, second);
        }
    }
}

/* A power of two above twice the count, less one. */
static uint64_t mask_for(uint64_t count)
{
    uint64_t size = 64;

    while (size < 2 * count)
        size *= 2;
    return size - 1;
}

vsh_status vsh_choice_baseline_open(vsh_arena *arena, const vsh_choice_task *task,
                                    vsh_choice_baseline **baseline, vsh_error *err)
{
    vsh_choice_baseline *b = vsh_alloc(arena, 1, sizeof *b);

    if (!b)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    b->task = task;
    visit_all(b, measure);
    b->words_mask = mask_for(b->words_mask);
    b->pairs_mask = mask_for(b->pairs_mask);
    b->word = vsh_alloc(arena, b->words_mask + 1, sizeof *b->word);
    b->pair = vsh_alloc(arena, b->pairs_mask + 1, sizeof *b->pair);
    if (!b->word || !b->pair)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    visit_all(b, keep_words);
    visit_all(b, keep_pairs);
    *baseline = b;
    return VSH_OK;
}

/* ---- text --------------------------------------------------------------------------------- */

static void add_new(uint64_t *list, int *count, uint64_t value)
{
    for (int i = 0; i < *count; i++)
        if (list[i] == value)
            return;
    list[(*count)++] = value;
}

/* The task's words among the next NEAR_WORDS; false at the end. */
static bool next_stretch(const vsh_choice_baseline *b, word_reader *r, uint64_t *present,
                         int *count)
{
    uint64_t hash;
    int words = 0;

    for (*count = 0; words < NEAR_WORDS && next_word(r, &hash); words++) {
        uint64_t at = place_of(b, hash);
        if (b->word[at].hash)
            add_new(present, count, at);
    }
    return words > 0;
}

void vsh_choice_baseline_add(vsh_choice_baseline *b, const char *text, int64_t bytes)
{
    word_reader r = {text, text + bytes};
    uint64_t present[NEAR_WORDS];
    int count;

    while (next_stretch(b, &r, present, &count)) {
        b->stretches++;
        for (int i = 0; i < count; i++) {
            b->word[present[i]].seen++;
            for (int j = 0; b->word[present[i]].asks && j < count; j++) {
                known_pair *p = pair_of(b, present[i], present[j]);
                p->seen += p->key != 0;
            }
        }
    }
}

/* ---- answers ------------------------------------------------------------------------------ */

/* Of a prompt's and a choice's word: how much more often they meet than by chance, in nats, and not
 * below 0 (Church and Hanks 1990, "Word association norms, mutual information, and lexicography").
 */
static double association(const vsh_choice_baseline *b, uint64_t first, uint64_t second)
{
    const known_pair *p = pair_of(b, first, second);
    double apart = (double)b->word[first].seen * (double)b->word[second].seen;

    if (first == second || !p->key || p->seen == 0)
        return 0;
    return fmax(0, log((double)p->seen * (double)b->stretches / apart));
}

/* The mean over the choice's words of their association with the prompt's. */
static double near_prompt(const vsh_choice_baseline *b, const char *prompt, const char *choice)
{
    word_reader said = words_of(choice);
    double sum = 0;
    int64_t words = 0;

    for (uint64_t other; next_word(&said, &other); words++) {
        word_reader asking = words_of(prompt);
        for (uint64_t hash; next_word(&asking, &hash);)
            sum += association(b, place_of(b, hash), place_of(b, other));
    }
    return words ? sum / (double)words : 0;
}

/* How often the rarest word of a term was seen. */
static int64_t seen(const vsh_choice_baseline *b, const char *term)
{
    word_reader r = words_of(term);
    int64_t least = INT64_MAX;

    for (uint64_t hash; next_word(&r, &hash);) {
        const known_word *w = known(b, hash);
        if (w && w->seen < least)
            least = w->seen;
    }
    return least;
}

/* A kind is named less often than what it is a kind of: answer 0 says that the premise is the kind,
 * 1 the reverse. */
static double answer_by_count(const vsh_choice_baseline *b, const vsh_choice_item *item)
{
    int64_t premise = seen(b, item->premise), hypothesis = seen(b, item->hypothesis);

    if (premise == hypothesis)
        return item->answer < 2 ? 0.5 : 0;
    return item->answer == (premise > hypothesis);
}

static double answer_by_association(const vsh_choice_baseline *b, const vsh_choice_item *item)
{
    double most = -1, right = 0;
    int equals = 0;

    for (int32_t c = 0; c < item->choices; c++) {
        double value = near_prompt(b, item->prompt, item->choice[c]);
        if (value > most) {
            most = value;
            right = equals = 0;
        }
        if (value >= most) {
            equals++;
            right += c == item->answer;
        }
    }
    return right / equals;
}

static double majority(const vsh_choice_task *task)
{
    int64_t right[VSH_CHOICES_MAX] = {0}, most = 0;

    for (int64_t i = 0; i < task->items; i++) {
        int64_t *place = &right[task->item[i].answer];
        most = ++*place > most ? *place : most;
    }
    return (double)most / (double)task->items;
}

/* ---- one side ----------------------------------------------------------------------------- */

/* What an item shows without its prompt, and the answer to it. */
typedef struct {
    uint64_t shown, answer;
} half;

/* The choices as a set: a sum of hashes knows no order. */
static half half_of(const vsh_choice_item *item)
{
    half h = {0};

    if (item->premise)
        return (half){vsh_hash64(item->hypothesis, strlen(item->hypothesis)),
                      (uint64_t)item->answer};
    for (int32_t c = 0; c < item->choices; c++)
        h.shown += vsh_hash64(item->choice[c], strlen(item->choice[c]));
    h.answer = vsh_hash64(item->choice[item->answer], strlen(item->choice[item->answer]));
    return h;
}

static int by_half(const void *a, const void *b)
{
    const half *x = a, *y = b;

    return x->shown != y->shown ? (x->shown > y->shown) - (x->shown < y->shown)
                                : (x->answer > y->answer) - (x->answer < y->answer);
}

/* Right, when of all items that show the same the most frequent answer is known and taken. */
static vsh_status answer_half(vsh_arena *arena, const vsh_choice_task *task, double *share,
                              vsh_error *err)
{
    half *all = vsh_alloc(arena, (size_t)task->items, sizeof *all);
    int64_t right = 0, most = 0, run = 0;

    if (!all)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int64_t i = 0; i < task->items; i++)
        all[i] = half_of(&task->item[i]);
    qsort(all, (size_t)task->items, sizeof *all, by_half);
    for (int64_t i = 0; i < task->items; i++) {
        if (i > 0 && all[i].shown != all[i - 1].shown) {
            right += most;
            most = run = 0;
        } else if (i > 0 && all[i].answer != all[i - 1].answer) {
            run = 0;
        }
        most = ++run > most ? run : most;
    }
    *share = (double)(right + most) / (double)task->items;
    return VSH_OK;
}

vsh_status vsh_choice_baseline_answer(vsh_arena *arena, const vsh_choice_baseline *b,
                                      vsh_choice_floor *floor, vsh_error *err)
{
    bool entailment = b->task->item[0].premise != NULL;
    vsh_tally tally = {0};

    for (int64_t i = 0; i < b->task->items; i++) {
        const vsh_choice_item *item = &b->task->item[i];
        vsh_tally_add(&tally, item->begins,
                      entailment ? answer_by_count(b, item) : answer_by_association(b, item));
    }
    *floor = (vsh_choice_floor){.rule = entailment ? "the commoner word is the wider one"
                                                   : "words that meet in the training text",
                                .words = vsh_tally_interval(tally),
                                .majority = majority(b->task)};
    return answer_half(arena, b->task, &floor->one_side, err);
}
