#include <unistd.h>

#include "core/file.h"
#include "trainer/base/whole_file.h"
#include "trainer/text/corpus_sources.h"
#include "trainer/base/wordnet_lines.h"

/* "physical_entity", and "galore(ip)" with the place that an adjective may stand at. */
static void put_lemma(vsh_span_text lemma, vsh_text *text)
{
    for (int32_t i = 0; i < lemma.length && lemma.text[i] != '('; i++)
        vsh_text_put(text, lemma.text[i] == '_' ? " " : lemma.text + i, 1);
}

static void clean_synset(vsh_wordnet_lines *line, vsh_documents *documents)
{
    vsh_span_text word, gloss;
    int64_t words;

    for (int i = 0; i < 3; i++)
        vsh_wordnet_field(line);
    words = vsh_wordnet_number(vsh_wordnet_field(line), 16);
    if (words < 0)
        return;
    for (int64_t i = 0; i < words && (word = vsh_wordnet_field(line)).length > 0; i++) {
        if (i > 0)
            vsh_text_put(&documents->text, ", ", 2);
        put_lemma(word, &documents->text);
        vsh_wordnet_field(line);
    }
    gloss = vsh_wordnet_gloss(line);
    vsh_text_put(&documents->text, ": ", 2);
    vsh_text_put(&documents->text, gloss.text, (size_t)gloss.length);
    vsh_documents_end(documents);
}

void vsh_wordnet_clean(const char *text, size_t length, vsh_documents *documents)
{
    vsh_wordnet_lines lines = vsh_wordnet_lines_of(text, (int64_t)length);

    while (vsh_wordnet_next(&lines))
        if (lines.bar)
            clean_synset(&lines, documents);
}

vsh_status vsh_wordnet_read(const char *folder, vsh_documents *documents, vsh_error *err)
{
    static const char *const parts[] = {"noun", "verb", "adj", "adv"};
    vsh_status status = VSH_OK;

    for (size_t i = 0; i < sizeof parts / sizeof *parts && status == VSH_OK; i++) {
        vsh_arena arena = {0};
        vsh_text path = {.arena = &arena};
        int64_t length;
        char *text;

        vsh_text_add(&path, "%s/data.%s", folder, parts[i]);
        if (access(vsh_text_string(&path), F_OK) == 0) {
            status = vsh_whole_file_read(&arena, vsh_text_string(&path), VSH_WORDNET_BYTES_MAX,
                                         &text, &length, err);
            if (status == VSH_OK)
                vsh_wordnet_clean(text, (size_t)length, documents);
        }
        vsh_arena_free(&arena);
    }
    return status;
}
