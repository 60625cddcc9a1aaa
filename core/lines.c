#include "core/lines.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"

int64_t vsh_count_lines(const char *text, size_t length)
{
    int64_t lines = 1;

    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    return lines;
}

vsh_status vsh_lines_of(vsh_arena *arena, const char *path, const char *bytes, size_t length,
                        vsh_lines *lines, vsh_error *err)
{
    const char *nul = memchr(bytes, '\0', length);

    if (nul)
        return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected text, found a NUL byte", path,
                        (long long)vsh_count_lines(bytes, (size_t)(nul - bytes)));
    /* some editors put a byte order mark first */
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        length -= 3;
    }
    *lines = (vsh_lines){.path = path, .length = length};
    lines->text = vsh_copy_text(arena, bytes, length);
    return lines->text ? VSH_OK : vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
}

vsh_status vsh_lines_read(vsh_arena *arena, const char *path, size_t bytes_max, vsh_lines *lines,
                          vsh_error *err)
{
    vsh_text text = {.arena = arena};

    switch (vsh_file_read_bounded(path, bytes_max, &text)) {
    case VSH_READ_DONE:
        break;
    case VSH_READ_FOLDER:
        return vsh_fail(err, VSH_EINPUT, "%s: expected a text file, found a folder", path);
    case VSH_READ_SPECIAL:
        return vsh_fail(err, VSH_EINPUT, "%s: expected a text file, found something else", path);
    case VSH_READ_UNOPENED:
    case VSH_READ_BROKEN:
        return vsh_fail(err, VSH_EINPUT, "%s: %s", path, strerror(errno));
    }
    if (text.failed)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    if (text.length > bytes_max)
        return vsh_fail(err, VSH_EINPUT, "%s: expected a text of at most %zu MiB, found more", path,
                        bytes_max >> 20);
    return vsh_lines_of(arena, path, vsh_text_string(&text), text.length, lines, err);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

char *vsh_trim(char *text)
{
    size_t length;

    while (is_blank(*text))
        text++;
    length = strlen(text);
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

char *vsh_lines_next(vsh_lines *lines)
{
    char *line, *end, *trimmed;

    if (lines->next >= lines->length)
        return NULL;
    line = lines->text + lines->next;
    end = memchr(line, '\n', lines->length - lines->next);
    if (!end)
        end = lines->text + lines->length;
    *end = '\0';
    lines->next = (size_t)(end - lines->text) + 1;
    lines->line++;
    trimmed = vsh_trim(line);
    lines->indent = (int)(trimmed - line);
    return trimmed;
}
