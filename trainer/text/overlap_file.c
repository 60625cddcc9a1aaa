#include "trainer/text/document_reader.h"
#include "trainer/text/overlap.h"

static vsh_status add_span(vsh_overlap *overlap, const vsh_sources *sources, int64_t span,
                           vsh_error *err)
{
    vsh_arena room = {0};
    vsh_document_reader *reader;
    vsh_document document = {0};
    vsh_status status = vsh_document_reader_open(&room, sources, span, &reader, err);

    if (status != VSH_OK)
        return status;
    while ((status = vsh_document_reader_next(reader, &document, err)) == VSH_OK && document.text) {
        status = vsh_overlap_add(overlap, document.text, document.bytes, err);
        if (status != VSH_OK)
            break;
    }
    vsh_document_reader_close(reader);
    vsh_arena_free(&room);
    return status;
}

vsh_status vsh_overlap_add_file(vsh_overlap *overlap, const char *path, vsh_error *err)
{
    vsh_arena room = {0};
    vsh_sources sources = {0};
    vsh_status status = vsh_sources_find(&room, &path, 1, VSH_DOCUMENTS_AUTO, NULL, &sources, err);

    for (int64_t i = 0; status == VSH_OK && i < sources.spans; i++)
        status = add_span(overlap, &sources, i, err);
    vsh_arena_free(&room);
    return status;
}
