#include "trainer/text/documents.h"

void vsh_documents_end(vsh_documents *documents)
{
    vsh_text *text = &documents->text;
    int64_t *start;

    while ((int64_t)text->length > documents->open &&
           (text->data[text->length - 1] == ' ' || text->data[text->length - 1] == '\n'))
        text->length--;
    if ((int64_t)text->length == documents->open)
        return;
    start = vsh_grow(text->arena, documents->start, documents->count, &documents->capacity,
                     sizeof *start);
    if (!start) {
        text->failed = true;
        return;
    }
    documents->start = start;
    start[documents->count++] = documents->open;
    documents->open = (int64_t)text->length;
}
