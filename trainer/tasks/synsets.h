/* The nouns of WordNet 3.0 as a network: synsets, their words, and what is a kind of what. */
#ifndef VSH_SYNSETS_H
#define VSH_SYNSETS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"
#include "trainer/base/wordnet_lines.h"

/* A set of words with one meaning. Indices of synsets are in the order of their offsets. */
typedef struct {
    int64_t offset;  /* in data.noun: the synset's name */
    int32_t lexfile; /* lexnames(5WN): 5 animals, 6 artifacts, ... */
    int32_t words, parents, children;
    const vsh_span_text *word;     /* blanks as '_' */
    const int32_t *parent, *child; /* hypernyms and hyponyms, instances left out */
    vsh_span_text definition;      /* the gloss before its first example; may be empty */
    bool instance;                 /* of something: a person, a place */
} vsh_synset;

typedef struct vsh_synsets {
    const vsh_synset *synset;
    int64_t count;
    struct vsh_synset_lemma *lemma; /* sorted */
    int64_t lemmas;
    int32_t *mark, *stack; /* of the walks */
    int32_t round;
} vsh_synsets;

/* folder/data.noun, format wndb(5WN). *there false when there is no such file. VSH_EINPUT naming
 * the line. */
vsh_status vsh_synsets_read(vsh_arena *arena, const char *folder, vsh_synsets *synsets, bool *there,
                            vsh_error *err);

/* Whether a is a kind of b, by any way up; nothing is of itself. */
bool vsh_synset_below(vsh_synsets *synsets, int64_t a, int64_t b);
/* Whether something is a kind of both. */
bool vsh_synsets_meet_below(vsh_synsets *synsets, int64_t a, int64_t b);

/* How many meanings a word has, case ignored. */
int64_t vsh_synset_meanings(const vsh_synsets *synsets, vsh_span_text word);
/* Whether any meaning of a is a kind of, or the same as, any of b. */
bool vsh_word_below(vsh_synsets *synsets, vsh_span_text a, vsh_span_text b);

#endif
