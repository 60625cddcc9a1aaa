#include "trainer/text/document_reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "trainer/text/beginning.h"
#include "trainer/text/document_split.h"
#include "trainer/text/jsonl.h"
#include "trainer/text/text_kind.h"
#include "trainer/text/text_window.h"
#include "trainer/text/utf8_count.h"

/* A longer line of JSON is refused: it is looked at as a whole, with its break. */
enum { LINE_BYTES_MAX = VSH_WINDOW_BYTES_MAX - 8 };

/* A document's break, a blank line behind it and half a break. */
enum { LOOK_AHEAD = 8 };

struct vsh_document_reader {
    vsh_arena room; /* of the window, given back at the end */
    const vsh_sources *sources;
    vsh_span span;
    int64_t next;             /* source */
    const vsh_source *source; /* that is read, or NULL */
    vsh_byte_stream *stream;
    vsh_text_window window;
    bool inside;        /* behind a cut of a document */
    bool parted;        /* the source is one document over several spans */
    uint64_t beginning; /* of the document that is read */
    const char *text;   /* of JSON: the decoded text behind a cut */
    int64_t text_bytes; /* of it */
    int64_t line;       /* number of the window's first, from 1 */
    int64_t counted, disk_counted;
    vsh_reading reading;
};

/* ---- what was wrong ------------------------------------------------------------------------- */

/* A name may have any bytes: those that are no text, or move a cursor, become question marks. */
static void clean(char *text)
{
    for (int wide; *text; text += wide) {
        wide = vsh_utf8_length(text);
        if (wide == 0 || (unsigned char)*text < ' ' || vsh_is_control(text)) {
            wide = wide ? wide : 1;
            memset(text, '?', (size_t)wide);
        }
    }
}

static void note_trouble(vsh_document_reader *reader, const char *where, const char *what)
{
    vsh_reading *reading = &reader->reading;
    const char *path = reader->source->path;
    const size_t length = strlen(path), room = 120;
    char *text;

    if (reading->troubles++ >= VSH_TROUBLES_KEPT)
        return;
    text = reading->trouble[reading->troubles - 1].what;
    snprintf(text, sizeof reading->trouble->what, "%s%s: %s%s", length > room ? "..." : "",
             length > room ? path + length - room : path, where, what);
    clean(text);
}

/* at: byte of the line at the window's begin. */
static void bad_line(vsh_document_reader *reader, const char *why, int64_t at)
{
    char where[64];

    reader->reading.bad_lines++;
    /* how many lines lie in front of a span is not known */
    if (reader->span.begin == 0)
        snprintf(where, sizeof where, "line %" PRId64 ", byte %" PRId64 ": ", reader->line, at + 1);
    else
        snprintf(where, sizeof where, "byte %" PRId64 ": ", reader->window.offset + at + 1);
    note_trouble(reader, where, why);
}

/* ---- moving on ------------------------------------------------------------------------------ */

static vsh_text_part unread(const vsh_document_reader *reader)
{
    return (vsh_text_part){vsh_text_window_at(&reader->window),
                           vsh_text_window_bytes(&reader->window), reader->window.at_end};
}

static vsh_status more(vsh_document_reader *reader, vsh_error *err)
{
    return vsh_text_window_more(&reader->window, err);
}

static void take(vsh_document_reader *reader, int64_t bytes)
{
    vsh_text_window_take(&reader->window, bytes);
}

static vsh_status skip_breaks(vsh_document_reader *reader, vsh_error *err)
{
    for (;;) {
        vsh_text_part part = unread(reader);
        int64_t breaks;
        bool open;
        take(reader, vsh_split_after_breaks(&part, &breaks, &open));
        reader->line += breaks;
        if (!open)
            return VSH_OK;
        VSH_TRY(more(reader, err));
    }
}

static int64_t find_end(const vsh_document_reader *reader, const vsh_text_part *part,
                        int64_t *looked)
{
    switch (reader->source->by) {
    case VSH_DOCUMENTS_PARAGRAPH:
        return vsh_split_paragraph(part, looked);
    case VSH_DOCUMENTS_LINE:
        return vsh_split_line(part, looked);
    default:
        return part->at_end ? part->bytes : -1;
    }
}

/* To the end of a document, or to the span's end in it. */
static vsh_status skip_document(vsh_document_reader *reader, vsh_error *err)
{
    while (reader->window.offset < reader->span.end) {
        vsh_text_part part = unread(reader);
        int64_t looked = 0, end = find_end(reader, &part, &looked);
        take(reader, end >= 0 ? end : looked);
        if (end >= 0)
            break;
        VSH_TRY(more(reader, err));
    }
    return VSH_OK;
}

static void count_taken(vsh_document_reader *reader)
{
    const int64_t at = reader->window.offset;
    int64_t disk = at;

    if (reader->source->packing != VSH_UNPACKED)
        disk = vsh_byte_stream_disk_bytes(reader->stream);
    reader->reading.bytes += at - reader->counted;
    reader->reading.disk_bytes += disk - reader->disk_counted;
    reader->counted = at;
    reader->disk_counted = disk;
}

/* ---- files ---------------------------------------------------------------------------------- */

static vsh_status skip_mark(vsh_document_reader *reader, vsh_error *err)
{
    VSH_TRY(more(reader, err));
    if (vsh_has_mark(vsh_text_window_at(&reader->window), vsh_text_window_bytes(&reader->window)))
        take(reader, 3);
    return VSH_OK;
}

/* To the first document that begins in the span, or to a place behind the span. */
static vsh_status seek_begin(vsh_document_reader *reader, vsh_error *err)
{
    if (reader->source->by == VSH_DOCUMENTS_FILE)
        return VSH_OK;
    if (reader->window.offset < 4)
        VSH_TRY(skip_breaks(reader, err));
    while (reader->window.offset < reader->span.begin) {
        VSH_TRY(skip_document(reader, err));
        VSH_TRY(skip_breaks(reader, err));
        if (reader->window.at_end && vsh_text_window_bytes(&reader->window) == 0)
            break;
    }
    return VSH_OK;
}

/* Where a file that is one document is parted between two spans: both of them cut it near place. */
static vsh_status find_seam(vsh_document_reader *reader, const vsh_source *source, int64_t place,
                            int64_t *seam, vsh_error *err)
{
    const int64_t segment = reader->sources->segment_bytes;
    const int64_t bytes = segment < VSH_DOCUMENT_BYTES_MAX ? segment : VSH_DOCUMENT_BYTES_MAX;
    vsh_byte_stream *stream;
    int64_t got;
    vsh_status status;

    *seam = place;
    if (place == 0 || place >= source->bytes)
        return VSH_OK;
    VSH_TRY(vsh_byte_stream_open(source->path, VSH_UNPACKED, place - bytes, place, &stream, err));
    status = vsh_byte_stream_read(stream, reader->window.usual, bytes, &got, err);
    vsh_byte_stream_close(stream);
    if (status == VSH_OK)
        *seam = place - bytes + vsh_split_cut(reader->window.usual, bytes);
    return status;
}

/* The bytes of a file that are to be read, with those in front of the span that tell whether a
 * document begins at its begin: two breaks of at most two bytes, or a byte. */
static vsh_status find_range(vsh_document_reader *reader, const vsh_source *source, int64_t *from,
                             int64_t *to, vsh_error *err)
{
    const int64_t begin = reader->span.begin;

    *to = source->bytes;
    if (source->by == VSH_DOCUMENTS_FILE) {
        VSH_TRY(find_seam(reader, source, begin, from, err));
        return find_seam(reader, source, reader->span.end < *to ? reader->span.end : *to, to, err);
    }
    /* the first bytes together: a byte order mark may be there */
    *from = begin <= 8 ? 0 : source->by == VSH_DOCUMENTS_LINE ? begin - 1 : begin - 8;
    return VSH_OK;
}

/* A span behind the first one has to know how the document began, and the first may be short. */
static vsh_status find_beginning(vsh_document_reader *reader, const vsh_source *source,
                                 vsh_error *err)
{
    const int64_t most = VSH_BEGINNING_BYTES + 3; /* a mark's */
    const int64_t bytes = source->bytes < most ? source->bytes : most;
    char *text = reader->window.usual;
    vsh_byte_stream *stream;
    int64_t got, mark;
    vsh_status status;

    reader->parted = source->by == VSH_DOCUMENTS_FILE &&
                     (reader->span.begin > 0 || reader->span.end < source->bytes);
    if (!reader->parted)
        return VSH_OK;
    VSH_TRY(vsh_byte_stream_open(source->path, VSH_UNPACKED, 0, bytes, &stream, err));
    status = vsh_byte_stream_read(stream, text, bytes, &got, err);
    vsh_byte_stream_close(stream);
    if (status != VSH_OK)
        return status;
    mark = vsh_has_mark(text, got) ? 3 : 0;
    reader->beginning = vsh_beginning_hash(text + mark, got - mark);
    return VSH_OK;
}

static vsh_status open_source(vsh_document_reader *reader, vsh_error *err)
{
    const vsh_source *source = &reader->sources->source[reader->next];
    int64_t from, to;

    VSH_TRY(find_range(reader, source, &from, &to, err));
    VSH_TRY(find_beginning(reader, source, err));
    VSH_TRY(vsh_byte_stream_open(source->path, source->packing, from, to, &reader->stream, err));
    reader->source = source;
    reader->next++;
    reader->inside = source->by == VSH_DOCUMENTS_FILE && from > 0;
    reader->line = 1;
    vsh_text_window_begin(&reader->window, reader->stream, from);
    if (from == 0)
        VSH_TRY(skip_mark(reader, err));
    VSH_TRY(seek_begin(reader, err));
    reader->counted = reader->disk_counted = reader->span.begin > 0 ? reader->window.offset : 0;
    count_taken(reader);
    return VSH_OK;
}

static void close_source(vsh_document_reader *reader)
{
    vsh_reading *reading = &reader->reading;
    const char *damage = vsh_byte_stream_damage(reader->stream);

    count_taken(reader);
    if (reader->source->packing != VSH_UNPACKED)
        reading->disk_bytes += reader->source->bytes - reader->disk_counted;
    if (damage) {
        reading->damaged++;
        note_trouble(reader, "", damage);
    }
    vsh_byte_stream_close(reader->stream);
    reader->stream = NULL;
    reader->source = NULL;
}

/* ---- documents ------------------------------------------------------------------------------ */

/* The first piece of a text, of which so many bytes are known to be one document's. */
static int64_t cut_length(vsh_document_reader *reader, const char *text)
{
    reader->reading.cut += !reader->inside;
    reader->inside = true;
    return vsh_split_cut(text, VSH_DOCUMENT_BYTES_MAX);
}

/* The document at the window's begin, or as much of it as is not too long. */
static vsh_status read_plain(vsh_document_reader *reader, vsh_document *document, vsh_error *err)
{
    int64_t looked = 0, end, length;
    vsh_text_part part;

    for (;;) {
        part = unread(reader);
        end = find_end(reader, &part, &looked);
        if (end >= 0 || part.bytes > VSH_DOCUMENT_BYTES_MAX + LOOK_AHEAD)
            break;
        VSH_TRY(more(reader, err));
    }
    if (!reader->inside && !reader->parted)
        reader->beginning = vsh_beginning_hash(part.text, end >= 0 ? end : part.bytes);
    if (end >= 0 && end <= VSH_DOCUMENT_BYTES_MAX) {
        reader->inside = false;
        length = end;
    } else {
        length = cut_length(reader, part.text);
    }
    *document = (vsh_document){.text = part.text, .bytes = length, .beginning = reader->beginning};
    vsh_utf8_count(part.text, length, &document->malformed, &document->nul);
    take(reader, length);
    return VSH_OK;
}

static bool is_blank(const char *text, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i++)
        if (text[i] != ' ' && !(text[i] >= '\t' && text[i] <= '\r'))
            return false;
    return true;
}

/* A whole line; *length -1: it was too long and is behind us. */
static vsh_status read_line(vsh_document_reader *reader, int64_t *length, vsh_error *err)
{
    vsh_text_part part = unread(reader);
    int64_t looked = 0;

    while ((*length = vsh_split_line(&part, &looked)) < 0 && part.bytes <= LINE_BYTES_MAX) {
        VSH_TRY(more(reader, err));
        part = unread(reader);
    }
    if (*length >= 0 && *length <= LINE_BYTES_MAX)
        return VSH_OK;
    *length = -1;
    bad_line(reader, "longer than 64 MiB", 0);
    for (;;) {
        int64_t end;
        looked = 0;
        end = vsh_split_line(&part, &looked);
        take(reader, end >= 0 ? end : looked);
        if (end >= 0)
            return VSH_OK;
        VSH_TRY(more(reader, err));
        part = unread(reader);
    }
}

/* The text of the next line; NULL when it has none. */
static vsh_status open_json(vsh_document_reader *reader, vsh_error *err)
{
    vsh_jsonl found;
    char *line;
    int64_t length;

    reader->text = NULL;
    VSH_TRY(read_line(reader, &length, err));
    if (length < 0)
        return VSH_OK;
    line = reader->window.data + reader->window.from;
    /* a line that damage has cut off is counted as damage */
    if (is_blank(line, length) ||
        (reader->window.at_end && length == vsh_text_window_bytes(&reader->window) &&
         vsh_byte_stream_damage(reader->stream))) {
        take(reader, length);
        return VSH_OK;
    }
    if (vsh_jsonl_read(line, length, &found)) {
        reader->text = found.text;
        reader->text_bytes = found.bytes;
        reader->beginning = vsh_beginning_hash(found.text, found.bytes);
    } else {
        bad_line(reader, found.why, found.at);
    }
    take(reader, length);
    return VSH_OK;
}

/* The text of the next line, or as much of it as is not too long. */
static vsh_status read_json(vsh_document_reader *reader, vsh_document *document, vsh_error *err)
{
    int64_t length;

    *document = (vsh_document){0};
    if (!reader->inside)
        VSH_TRY(open_json(reader, err));
    if (!reader->text)
        return VSH_OK;
    length = reader->text_bytes;
    if (length > VSH_DOCUMENT_BYTES_MAX)
        length = cut_length(reader, reader->text);
    else
        reader->inside = false;
    *document =
        (vsh_document){.text = reader->text, .bytes = length, .beginning = reader->beginning};
    vsh_utf8_count(document->text, length, &document->malformed, &document->nul);
    reader->text += length;
    reader->text_bytes -= length;
    return VSH_OK;
}

/* At the begin of the next document in the span, or not. */
static vsh_status find_next(vsh_document_reader *reader, bool *there, vsh_error *err)
{
    *there = true;
    if (reader->inside)
        return VSH_OK;
    if (reader->source->by != VSH_DOCUMENTS_FILE)
        VSH_TRY(skip_breaks(reader, err));
    if (vsh_text_window_bytes(&reader->window) == 0 && !reader->window.at_end)
        VSH_TRY(more(reader, err));
    *there = vsh_text_window_bytes(&reader->window) > 0 && reader->window.offset < reader->span.end;
    return VSH_OK;
}

static vsh_status read_document(vsh_document_reader *reader, vsh_document *document, vsh_error *err)
{
    bool there;

    VSH_TRY(find_next(reader, &there, err));
    if (!there) {
        close_source(reader);
        return VSH_OK;
    }
    VSH_TRY((reader->source->jsonl ? read_json : read_plain)(reader, document, err));
    count_taken(reader);
    if (document->text && is_blank(document->text, document->bytes)) {
        reader->reading.empty++;
        document->text = NULL;
    }
    return VSH_OK;
}

vsh_status vsh_document_reader_next(vsh_document_reader *reader, vsh_document *document,
                                    vsh_error *err)
{
    vsh_reading *reading = &reader->reading;

    *document = (vsh_document){0};
    while (!document->text) {
        if (!reader->source && reader->next == reader->span.first + reader->span.count)
            return VSH_OK;
        if (!reader->source)
            VSH_TRY(open_source(reader, err));
        VSH_TRY(read_document(reader, document, err));
    }
    reading->documents++;
    reading->malformed += document->malformed > 0;
    reading->nul += document->nul > 0;
    return VSH_OK;
}

/* ---- the reader ----------------------------------------------------------------------------- */

vsh_status vsh_document_reader_open(vsh_arena *arena, const vsh_sources *sources, int64_t span,
                                    vsh_document_reader **reader, vsh_error *err)
{
    vsh_document_reader *made = vsh_alloc(arena, 1, sizeof *made);
    vsh_status status;

    assert(span >= 0 && span < sources->spans);
    *reader = NULL;
    if (!made)
        return vsh_fail(err, VSH_EMACHINE, "out of memory for reading text");
    made->sources = sources;
    made->span = sources->span[span];
    made->next = made->span.first;
    status =
        vsh_text_window_open(&made->room, VSH_DOCUMENT_BYTES_MAX + LOOK_AHEAD, &made->window, err);
    if (status == VSH_OK)
        *reader = made;
    return status;
}

const vsh_reading *vsh_document_reader_so_far(const vsh_document_reader *reader)
{
    return &reader->reading;
}

const char *vsh_document_reader_path(const vsh_document_reader *reader)
{
    assert(reader->source);
    return reader->source->path;
}

void vsh_document_reader_close(vsh_document_reader *reader)
{
    if (!reader)
        return;
    vsh_byte_stream_close(reader->stream);
    vsh_text_window_close(&reader->window);
    vsh_arena_free(&reader->room);
}
