#include <math.h>
#include <string.h>
#include <unistd.h>

#include "trainer/build/build_inside.h"
#include "trainer/data/infill.h"
#include "trainer/data/spm_model.h"
#include "trainer/text/back_translation.h"
#include "trainer/text/language.h"

const char *const vsh_augment_words[] = {"none", "infill", "backtranslate", NULL};

/* Gopher's and FineWeb's pipelines have figures of their own for the filter and the signatures;
 * these are ours. Grams of 8 words: between GPT-3's 13 (Brown et al. 2020, appendix C), which short
 * questions never reach, and PaLM's 8 (Chowdhery et al. 2022, section 8). */
void vsh_build_default(vsh_build_options *o)
{
    *o = (vsh_build_options){.documents_by = VSH_DOCUMENTS_AUTO,
                             .filter = true,
                             .overlap_words = 8,
                             .tasks = true,
                             .wordnet = "/usr/share/wordnet",
                             .dedup = true,
                             .minhash = vsh_minhash_default,
                             .augment = VSH_AUGMENT_NONE,
                             .augment_share = 0.1,
                             .tokenizer = "unigram",
                             .vocab = 8192,
                             .held_out = 50,
                             .seed = 1,
                             .threads = 1};
    vsh_quality_default(&o->limits);
}

/* ---- as a table --------------------------------------------------------------------------- */

typedef enum { ROW_FLAG, ROW_INT, ROW_INTEGER, ROW_REAL, ROW_TEXT, ROW_WORD } row_kind;

#define AT(field) offsetof(vsh_build_options, field)

/* What decides the bytes that come out; keys are the command's words. */
static const struct {
    const char *key;
    row_kind kind;
    size_t at;
    const char *const *words;
} rows[] = {
    {"documents", ROW_WORD, AT(documents_by), vsh_documents_words},
    {"ngram_filter", ROW_FLAG, AT(filter), NULL},
    {"language", ROW_TEXT, AT(language), NULL},
    {"against", ROW_TEXT, AT(against), NULL},
    {"overlap_words", ROW_INT, AT(overlap_words), NULL},
    {"tasks", ROW_FLAG, AT(tasks), NULL},
    {"dedup", ROW_FLAG, AT(dedup), NULL},
    {"bands", ROW_INT, AT(minhash.bands), NULL},
    {"rows", ROW_INT, AT(minhash.rows), NULL},
    {"shingle", ROW_INT, AT(minhash.shingle), NULL},
    {"augment", ROW_WORD, AT(augment), vsh_augment_words},
    {"augment_share", ROW_REAL, AT(augment_share), NULL},
    {"tokenizer", ROW_TEXT, AT(tokenizer), NULL},
    {"vocab", ROW_INTEGER, AT(vocab), NULL},
    {"vocab_at_most", ROW_FLAG, AT(vocab_at_most), NULL},
    {"held_out", ROW_INTEGER, AT(held_out), NULL},
    {"shard_bytes", ROW_INTEGER, AT(shard_bytes), NULL},
    {"seed", ROW_INTEGER, AT(seed), NULL},
};

static void write_row(vsh_json *json, const vsh_build_options *o, size_t i)
{
    const void *at = (const char *)o + rows[i].at;
    const char *key = rows[i].key;

    switch (rows[i].kind) {
    case ROW_FLAG:
        vsh_json_bool(json, key, *(const bool *)at);
        break;
    case ROW_INT:
        vsh_json_integer(json, key, *(const int *)at);
        break;
    case ROW_INTEGER:
        vsh_json_integer(json, key, *(const int64_t *)at);
        break;
    case ROW_REAL:
        vsh_json_real(json, key, *(const double *)at);
        break;
    case ROW_TEXT:
        vsh_json_string(json, key, *(const char *const *)at);
        break;
    case ROW_WORD:
        vsh_json_string(json, key, rows[i].words[*(const int *)at]);
        break;
    }
}

void vsh_build_options_write(vsh_json *json, const vsh_build_options *o)
{
    vsh_json_array(json, "in");
    for (int i = 0; i < o->in_count; i++)
        vsh_json_string(json, NULL, o->in[i]);
    vsh_json_end(json);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        write_row(json, o, i);
    vsh_json_object(json, "limits");
    for (int i = 0; i < vsh_quality_rule_count; i++)
        vsh_json_known(json, vsh_quality_rules[i].name, o->limits.limit[i]);
    vsh_json_end(json);
}

/* ---- checks ------------------------------------------------------------------------------- */

bool vsh_build_tokenizer_is_file(const vsh_build_options *o)
{
    return !vsh_tokenizer_is_word(o->tokenizer);
}

bool vsh_build_trains_tokenizer(const vsh_build_options *o)
{
    return strcmp(o->tokenizer, "bytes") != 0 && !vsh_build_tokenizer_is_file(o);
}

static vsh_status check_pieces(const vsh_build_options *o, const vsh_tokenizer *tokenizer,
                               vsh_error *err)
{
    if (o->augment == VSH_AUGMENT_INFILL)
        for (int i = 0; vsh_infill_pieces[i]; i++)
            if (vsh_tokenizer_piece(tokenizer, vsh_infill_pieces[i]) < 0)
                return vsh_fail(err, VSH_EINPUT,
                                "--augment infill: %s has no piece \"%s\"; --tokenizer unigram "
                                "makes one with them",
                                o->tokenizer, vsh_infill_pieces[i]);
    return VSH_OK;
}

/* A model file is looked into before hours are spent on the text. */
static vsh_status check_tokenizer(const vsh_build_options *o, vsh_error *err)
{
    vsh_arena room = {0};
    vsh_tokenizer *tokenizer;
    vsh_status status;

    if (!vsh_build_tokenizer_is_file(o))
        return VSH_OK;
    if (access(o->tokenizer, R_OK) != 0)
        return vsh_fail(err, VSH_EINPUT,
                        "--tokenizer: expected unigram, bpe, bytes or a model file, got \"%s\"",
                        o->tokenizer);
    status = vsh_tokenizer_open(&room, o->tokenizer, &tokenizer, err);
    if (status == VSH_OK) {
        status = check_pieces(o, tokenizer, err);
        vsh_tokenizer_close(tokenizer);
    }
    vsh_arena_free(&room);
    return status;
}

static vsh_status check_language(const vsh_build_options *o, vsh_error *err)
{
    char near[160];

    if (!o->language)
        return VSH_OK;
    for (int i = 0; i < vsh_language_count; i++)
        if (strcmp(o->language, vsh_language_codes[i]) == 0)
            return VSH_OK;
    vsh_suggest(near, sizeof near, o->language, vsh_language_codes, (size_t)vsh_language_count);
    return vsh_fail(err, VSH_EINPUT, "--language: expected a code such as %s, got \"%s\"%s",
                    vsh_language_codes[0], o->language, near);
}

static vsh_status check_signature(const vsh_minhash_shape *s, vsh_error *err)
{
    if (s->bands < 1 || s->bands > VSH_MINHASH_BANDS_MAX || s->rows < 1 ||
        s->bands * s->rows > VSH_MINHASH_HASHES_MAX)
        return vsh_fail(err, VSH_EINPUT,
                        "--bands x --rows: expected at most %d bands and %d hashes, got %d x %d",
                        VSH_MINHASH_BANDS_MAX, VSH_MINHASH_HASHES_MAX, s->bands, s->rows);
    return VSH_OK;
}

static vsh_status check_augmentation(const vsh_build_options *o, vsh_error *err)
{
    if (o->augment == VSH_AUGMENT_INFILL && strcmp(o->tokenizer, "bytes") == 0)
        return vsh_fail(err, VSH_EINPUT,
                        "--augment infill: marks spans by pieces that --tokenizer bytes has not; "
                        "expected unigram, bpe or a model with them");
    return o->augment == VSH_AUGMENT_BACKTRANSLATE ? vsh_back_translation_check(err) : VSH_OK;
}

/* A manifest is read whole (core/doc.h): of its 1 MiB the shards have 912,000 bytes at most, 6,000
 * lines of up to 152, and the first name stands in the description once more. */
static vsh_status check_length(const vsh_build_options *o, vsh_error *err)
{
    enum { OPTIONS_BYTES_MAX = 100000 };
    vsh_arena room = {0};
    vsh_text text = {.arena = &room};
    vsh_json json = {.out = &text};
    size_t length;

    vsh_json_object(&json, NULL);
    vsh_build_options_write(&json, o);
    vsh_json_end(&json);
    length = text.length;
    vsh_arena_free(&room);
    return length <= OPTIONS_BYTES_MAX
               ? VSH_OK
               : vsh_fail(err, VSH_EINPUT,
                          "--in: expected names that take at most %s in the manifest, got %s: name "
                          "the folders that they are in",
                          vsh_show_bytes(OPTIONS_BYTES_MAX).text,
                          vsh_show_bytes((double)length).text);
}

vsh_status vsh_build_options_check(const vsh_build_options *o, vsh_error *err)
{
    if (!o->out || !*o->out)
        return vsh_fail(err, VSH_EINPUT, "--out: expected a folder for the dataset");
    if (o->vocab < 1 || o->vocab > VSH_SPM_PIECES)
        return vsh_fail(err, VSH_EINPUT, "--vocab: expected 1 to %d, got %lld", VSH_SPM_PIECES,
                        (long long)o->vocab);
    VSH_TRY(check_length(o, err));
    VSH_TRY(check_tokenizer(o, err));
    VSH_TRY(check_language(o, err));
    VSH_TRY(check_signature(&o->minhash, err));
    return check_augmentation(o, err);
}
