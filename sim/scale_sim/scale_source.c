#include "sim/scale_sim/scale_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"

/* Far above any topology that was ever published; the largest, of a whole network, have kilobytes.
 */
enum { SOURCE_BYTES_MAX = 64 << 20 };

static vsh_status start(vsh_arena *arena, const char *path, const char *bytes, size_t length,
                        sim_scale_source *source, vsh_error *err)
{
    const char *nul = memchr(bytes, '\0', length);

    if (nul) {
        int64_t line = 1;
        for (const char *at = bytes; at < nul; at++)
            line += *at == '\n';
        return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected text, found a NUL byte", path,
                        (long long)line);
    }
    /* some editors put a byte order mark first */
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        length -= 3;
    }
    *source = (sim_scale_source){.path = path, .length = length};
    source->text = vsh_copy_text(arena, bytes, length);
    return source->text ? VSH_OK : vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
}

vsh_status sim_scale_source_of(vsh_arena *arena, const char *path, const char *bytes, size_t length,
                               sim_scale_source *source, vsh_error *err)
{
    return start(arena, path, bytes, length, source, err);
}

/* Stops one part beyond the limit, so that an endless file ends too. */
static int read_bounded(int file, vsh_text *text)
{
    char part[65536];
    ssize_t got;

    while (text->length <= SOURCE_BYTES_MAX && (got = read(file, part, sizeof part)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        vsh_text_put(text, part, (size_t)got);
    }
    return 0;
}

static vsh_status open_file(const char *path, int *file, vsh_error *err)
{
    struct stat info;

    *file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe nobody writes must not hang */
    if (*file < 0)
        return vsh_fail(err, VSH_EINPUT, "%s: %s", path, strerror(errno));
    if (fstat(*file, &info) != 0 || S_ISREG(info.st_mode))
        return VSH_OK;
    close(*file);
    return vsh_fail(err, VSH_EINPUT, "%s: expected a text file, found %s", path,
                    S_ISDIR(info.st_mode) ? "a folder" : "something else");
}

vsh_status sim_scale_source_read(vsh_arena *arena, const char *path, sim_scale_source *source,
                                 vsh_error *err)
{
    vsh_text text = {.arena = arena};
    int file, failure;

    VSH_TRY(open_file(path, &file, err));
    failure = read_bounded(file, &text);
    close(file);
    if (failure)
        return vsh_fail(err, VSH_EINPUT, "%s: %s", path, strerror(failure));
    if (text.failed)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    if (text.length > SOURCE_BYTES_MAX)
        return vsh_fail(err, VSH_EINPUT, "%s: expected a text of at most 64 MiB, found more", path);
    return start(arena, path, vsh_text_string(&text), text.length, source, err);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

char *sim_scale_trim(char *text)
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

char *sim_scale_source_next(sim_scale_source *source)
{
    char *line, *end, *trimmed;

    if (source->next >= source->length)
        return NULL;
    line = source->text + source->next;
    end = memchr(line, '\n', source->length - source->next);
    if (!end)
        end = source->text + source->length;
    *end = '\0';
    source->next = (size_t)(end - source->text) + 1;
    source->line++;
    trimmed = sim_scale_trim(line);
    source->indent = (int)(trimmed - line);
    return trimmed;
}
