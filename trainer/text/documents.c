#include "trainer/text/documents.h"

#include <string.h>

static bool reserve(vsh_documents *documents)
{
    int64_t capacity = documents->capacity ? 2 * documents->capacity : 1024;
    int64_t *start;

    if (documents->count < documents->capacity)
        return true;
    start = vsh_alloc(documents->text.arena, (size_t)capacity, sizeof *start);
    if (!start)
        return false;
    if (documents->count)
        memcpy(start, documents->start, (size_t)documents->count * sizeof *start);
    documents->start = start;
    documents->capacity = capacity;
    return true;
}

void vsh_documents_end(vsh_documents *documents)
{
    vsh_text *text = &documents->text;

    while ((int64_t)text->length > documents->open &&
           (text->data[text->length - 1] == ' ' || text->data[text->length - 1] == '\n'))
        text->length--;
    if ((int64_t)text->length == documents->open)
        return;
    if (!reserve(documents)) {
        text->failed = true;
        return;
    }
    documents->start[documents->count++] = documents->open;
    documents->open = (int64_t)text->length;
}
