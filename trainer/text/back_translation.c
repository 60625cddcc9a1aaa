/* Back translation (Sennrich et al. 2016, arXiv:1511.06709) through Apertium's shallow transfer.
 * The documents of a batch go through one process; a line with a number stands before each and
 * behind the last. Such a line is a word that no dictionary has, alone between blank lines, which
 * the translator leaves as it is; where it does not, the documents beside it are dropped. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/child.h"
#include "core/file.h"
#include "trainer/text/back_translation.h"

enum {
    BATCH_BYTES = 4 << 20,
    /* A batch takes a minute here (80 kB/s there and back, measured on two cores). */
    BATCH_SECONDS = 3600,
    LIST_SECONDS = 60,
    LIST_BYTES = 1 << 20,
    LENGTHS = 3 /* a translation so many times as long or as short is none */
};

static const char MARK[] = "QVSHQ", MARK_END[] = "QZ";

/* There and back. */
static const char *const modes[] = {"eng-spa", "spa-eng"};

/* ---- is it there ------------------------------------------------------------------------------
 */

static vsh_status missing(vsh_error *err, const char *why)
{
    return vsh_fail(err, VSH_EINPUT,
                    "back translation needs Debian's packages apertium and apertium-eng-spa "
                    "(apt install apertium apertium-eng-spa): %s",
                    why);
}

vsh_status vsh_back_translation_check(vsh_error *err)
{
    static const char *const argv[] = {"apertium", "-l", NULL};
    const vsh_child child = {argv, NULL, {LIST_SECONDS}, LIST_BYTES};
    vsh_arena arena = {0};
    vsh_text list = {.arena = &arena};
    vsh_error why;
    vsh_status status = vsh_child_run(&child, &list, &why);

    if (status != VSH_OK)
        status = missing(err, why.text);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0] && status == VSH_OK; i++) {
        char line[32];
        snprintf(line, sizeof line, "%s\n", modes[i]);
        if (!strstr(vsh_text_string(&list), line)) {
            snprintf(why.text, sizeof why.text, "apertium -l does not list %s", modes[i]);
            status = missing(err, why.text);
        }
    }
    vsh_arena_free(&arena);
    return status;
}

/* ---- a batch to one text and back -------------------------------------------------------------
 */

typedef struct {
    const char *text;
    int64_t bytes;
} part;

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static part trim(const char *text, int64_t bytes)
{
    while (bytes > 0 && is_blank(text[bytes - 1]))
        bytes--;
    while (bytes > 0 && is_blank(*text)) {
        text++;
        bytes--;
    }
    return (part){text, bytes};
}

/* The translator ends at a malformed byte without a word, and drops NUL; and a document must not
 * bring marks of its own. */
static bool can_go(const vsh_document *d)
{
    const int64_t mark = (int64_t)strlen(MARK);

    if (d->malformed > 0 || d->nul > 0)
        return false;
    for (int64_t i = 0; i + mark <= d->bytes; i++)
        if (strncasecmp(d->text + i, MARK, (size_t)mark) == 0)
            return false;
    return true;
}

/* What cannot go leaves an empty place. */
static void put_batch(const vsh_document *documents, int64_t count, vsh_text *text)
{
    for (int64_t i = 0; i < count; i++) {
        vsh_text_add(text, "\n%s%lld%s\n\n", MARK, (long long)i, MARK_END);
        if (can_go(&documents[i])) {
            part p = trim(documents[i].text, documents[i].bytes);
            vsh_text_put(text, p.text, (size_t)p.bytes);
        }
        vsh_text_put(text, "\n", 1);
    }
    vsh_text_add(text, "\n%s%lld%s\n", MARK, (long long)count, MARK_END);
}

/* The number of a line that is a mark; -1: it is none. */
static int64_t mark_of(const char *line, int64_t bytes)
{
    const part p = trim(line, bytes);
    char again[64];
    long long number;

    if (p.bytes <= (int64_t)strlen(MARK) || p.bytes >= (int64_t)sizeof again ||
        memcmp(p.text, MARK, strlen(MARK)) != 0)
        return -1;
    number = strtoll(p.text + strlen(MARK), NULL, 10); /* stops at the line's end at the latest */
    snprintf(again, sizeof again, "%s%lld%s", MARK, number, MARK_END);
    return (int64_t)strlen(again) == p.bytes && memcmp(again, p.text, (size_t)p.bytes) == 0 ? number
                                                                                            : -1;
}

static bool is_text(const part *p)
{
    for (int64_t i = 0; i < p->bytes;) {
        int length = p->text[i] ? vsh_utf8_length(p->text + i) : 0;
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

/* Another text of about the length. */
static bool is_new(const part *before, const part *after)
{
    return after->bytes > 0 && after->bytes <= LENGTHS * before->bytes &&
           before->bytes <= LENGTHS * after->bytes &&
           (after->bytes != before->bytes ||
            memcmp(after->text, before->text, (size_t)after->bytes) != 0);
}

static vsh_status take_one(vsh_arena *arena, const vsh_document *document, const part *found,
                           vsh_document *out, vsh_error *err)
{
    const part before = trim(document->text, document->bytes);
    const char *copy;

    if (!can_go(document) || !is_new(&before, found) || !is_text(found))
        return VSH_OK;
    if (!(copy = vsh_copy_text(arena, found->text, (size_t)found->bytes)))
        return vsh_fail(err, VSH_EMACHINE, "back translation: out of memory");
    *out = (vsh_document){.text = copy, .bytes = found->bytes};
    return VSH_OK;
}

/* A document is what stands between its mark and the next document's, and nothing else. */
static vsh_status take_batch(vsh_arena *arena, const vsh_text *text, const vsh_document *documents,
                             int64_t count, vsh_document *out, vsh_error *err)
{
    const char *at = vsh_text_string(text), *const end = at + text->length, *begin = NULL;
    int64_t current = -1; /* the document that began last */

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *next = newline ? newline + 1 : end;
        const int64_t number = mark_of(at, next - at);
        if (number >= 0) {
            if (current >= 0 && current < count && number == current + 1) {
                const part found = trim(begin, at - begin);
                VSH_TRY(take_one(arena, &documents[current], &found, &out[current], err));
            }
            current = number;
            begin = next;
        }
        at = next;
    }
    return VSH_OK;
}

/* ---- through the programs ---------------------------------------------------------------------
 */

/* *to: what the translator makes of what is in the file; *fails: nothing. */
static vsh_status translate_file(const char *path, const char *mode,
                                 const volatile sig_atomic_t *stop, const vsh_text *from,
                                 vsh_text *to, bool *fails, vsh_error *err)
{
    const char *const argv[] = {"apertium", "-u", mode, NULL}; /* -u: unknown words without marks */
    const vsh_child child = {
        argv, path, {BATCH_SECONDS}, 4 * from->length + LIST_BYTES, .stop = stop};
    vsh_status status;

    VSH_TRY(vsh_file_write(path, from, err));
    status = vsh_child_run(&child, to, err);
    if (status == VSH_OK || status == VSH_ESTOPPED || to->failed)
        return status;
    /* one that is there, and was not told to end, has stumbled over the text */
    VSH_TRY(vsh_back_translation_check(err));
    if (stop && *stop)
        return vsh_fail(err, VSH_ESTOPPED, "apertium: stopped");
    *fails = true;
    return VSH_OK;
}

static vsh_status there_and_back(vsh_arena *scratch, const char *path,
                                 const volatile sig_atomic_t *stop, vsh_text *text, bool *fails,
                                 vsh_error *err)
{
    *fails = false;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0] && !*fails; i++) {
        vsh_text to = {.arena = scratch};
        if (text->failed)
            return vsh_fail(err, VSH_EMACHINE, "back translation: out of memory");
        VSH_TRY(translate_file(path, modes[i], stop, text, &to, fails, err));
        *text = to;
    }
    return VSH_OK;
}

static vsh_status translate_batch(vsh_arena *arena, const char *path, const vsh_document *documents,
                                  int64_t count, const volatile sig_atomic_t *stop,
                                  vsh_document *out, int64_t *failed, vsh_error *err)
{
    vsh_arena scratch = {0};
    vsh_text text = {.arena = &scratch};
    vsh_status status;
    bool fails;

    put_batch(documents, count, &text);
    status = there_and_back(&scratch, path, stop, &text, &fails, err);
    if (status == VSH_OK && !fails)
        status = take_batch(arena, &text, documents, count, out, err);
    *failed += fails ? count : 0;
    vsh_arena_free(&scratch);
    return status;
}

static int64_t batch_of(const vsh_document *documents, int64_t count)
{
    int64_t bytes = 0, i = 0;

    while (i < count && (i == 0 || bytes + documents[i].bytes <= BATCH_BYTES))
        bytes += documents[i++].bytes;
    return i;
}

vsh_status vsh_back_translate(vsh_arena *arena, const char *work_folder,
                              const vsh_document *documents, int64_t count,
                              const volatile sig_atomic_t *stop, vsh_document *out, int64_t *failed,
                              vsh_error *err)
{
    char path[PATH_MAX];
    vsh_status status = VSH_OK;
    int file;

    assert(work_folder && count >= 0);
    *failed = 0;
    memset(out, 0, (size_t)count * sizeof *out);
    if (count == 0)
        return VSH_OK;
    if ((size_t)snprintf(path, sizeof path, "%s/translate-XXXXXX", work_folder) >= sizeof path)
        return vsh_fail(err, VSH_EMACHINE, "%.80s...: %s", work_folder, strerror(ENAMETOOLONG));
    if ((file = mkstemp(path)) < 0)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    close(file);
    for (int64_t first = 0, batch; first < count && status == VSH_OK; first += batch) {
        batch = batch_of(documents + first, count - first);
        status =
            translate_batch(arena, path, documents + first, batch, stop, out + first, failed, err);
    }
    unlink(path);
    return status;
}
