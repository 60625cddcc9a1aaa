#include <string.h>
#include <unistd.h>

#include "core/child.h"
#include "trainer/text/corpus_sources.h"

enum { OUTPUT_BYTES_MAX = 64 << 20, SECONDS_MAX = 60 };

/* The program's abbreviations, in its order. */
static const struct {
    const char *short_name, *name;
} books[] = {
    {"Ge", "Genesis"},          {"Exo", "Exodus"},
    {"Lev", "Leviticus"},       {"Num", "Numbers"},
    {"Deu", "Deuteronomy"},     {"Josh", "Joshua"},
    {"Jdgs", "Judges"},         {"Ruth", "Ruth"},
    {"1Sm", "1 Samuel"},        {"2Sm", "2 Samuel"},
    {"1Ki", "1 Kings"},         {"2Ki", "2 Kings"},
    {"1Chr", "1 Chronicles"},   {"2Chr", "2 Chronicles"},
    {"Ezra", "Ezra"},           {"Neh", "Nehemiah"},
    {"Est", "Esther"},          {"Job", "Job"},
    {"Psa", "Psalm"},           {"Prv", "Proverbs"},
    {"Eccl", "Ecclesiastes"},   {"SSol", "Song of Solomon"},
    {"Isa", "Isaiah"},          {"Jer", "Jeremiah"},
    {"Lam", "Lamentations"},    {"Eze", "Ezekiel"},
    {"Dan", "Daniel"},          {"Hos", "Hosea"},
    {"Joel", "Joel"},           {"Amos", "Amos"},
    {"Obad", "Obadiah"},        {"Jonah", "Jonah"},
    {"Mic", "Micah"},           {"Nahum", "Nahum"},
    {"Hab", "Habakkuk"},        {"Zep", "Zephaniah"},
    {"Hag", "Haggai"},          {"Zec", "Zechariah"},
    {"Mal", "Malachi"},         {"Mat", "Matthew"},
    {"Mark", "Mark"},           {"Luke", "Luke"},
    {"John", "John"},           {"Acts", "Acts"},
    {"Rom", "Romans"},          {"1Cor", "1 Corinthians"},
    {"2Cor", "2 Corinthians"},  {"Gal", "Galatians"},
    {"Eph", "Ephesians"},       {"Phi", "Philippians"},
    {"Col", "Colossians"},      {"1Th", "1 Thessalonians"},
    {"2Th", "2 Thessalonians"}, {"1Tim", "1 Timothy"},
    {"2Tim", "2 Timothy"},      {"Titus", "Titus"},
    {"Phmn", "Philemon"},       {"Heb", "Hebrews"},
    {"Jas", "James"},           {"1Pet", "1 Peter"},
    {"2Pet", "2 Peter"},        {"1Jn", "1 John"},
    {"2Jn", "2 John"},          {"3Jn", "3 John"},
    {"Jude", "Jude"},           {"Rev", "Revelation"},
};

/* "Ge1" as "Genesis 1"; a book that is not known keeps its short name. */
static void put_chapter(const char *reference, size_t length, vsh_text *text)
{
    size_t book = length;

    while (book > 0 && reference[book - 1] >= '0' && reference[book - 1] <= '9')
        book--;
    for (size_t i = 0; i < sizeof books / sizeof *books; i++)
        if (strlen(books[i].short_name) == book &&
            memcmp(books[i].short_name, reference, book) == 0) {
            vsh_text_add(text, "%s", books[i].name);
            reference += book;
            length -= book;
            vsh_text_put(text, " ", 1);
            break;
        }
    vsh_text_put(text, reference, length);
    vsh_text_put(text, "\n", 1);
}

/* Lines such as "Ge1:1 In the beginning ..."; the chapter so far is chapter[0 .. chapter_length).
 */
void vsh_bible_clean(const char *text, size_t length, vsh_documents *documents)
{
    const char *end = text + length, *chapter = "";
    size_t chapter_length = 0;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline ? newline : end;
        const char *colon = memchr(text, ':', (size_t)(line_end - text));
        const char *verse = colon ? memchr(colon, ' ', (size_t)(line_end - colon)) : NULL;
        if (verse) {
            size_t here = (size_t)(colon - text);
            if (here != chapter_length || memcmp(text, chapter, here) != 0) {
                vsh_documents_end(documents);
                put_chapter(text, here, &documents->text);
                chapter = text;
                chapter_length = here;
            }
            vsh_text_put(&documents->text, verse + 1, (size_t)(line_end - verse - 1));
            vsh_text_put(&documents->text, "\n", 1);
        }
        text = newline ? newline + 1 : end;
    }
    vsh_documents_end(documents);
}

vsh_status vsh_bible_read(const char *program, vsh_documents *documents, vsh_error *err)
{
    const char *const argv[] = {program, "-f", "gen1:1-rev22:21", NULL};
    const vsh_child child = {argv, NULL, {SECONDS_MAX}, OUTPUT_BYTES_MAX};
    vsh_arena arena = {0};
    vsh_text said = {.arena = &arena};
    vsh_status status;

    if (access(program, X_OK) != 0)
        return VSH_OK;
    status = vsh_child_run(&child, &said, err);
    if (status == VSH_OK)
        vsh_bible_clean(vsh_text_string(&said), said.length, documents);
    vsh_arena_free(&arena);
    return status;
}
