#include "trainer/run/run_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"

static vsh_status failed(const char *path, vsh_error *err)
{
    return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
}

/* An open that was interrupted is done again. */
static int open_again(const char *path, int flags)
{
    int file;

    do
        file = open(path, flags);
    while (file < 0 && errno == EINTR);
    return file;
}

static vsh_status read_all(const char *path, vsh_text *text, vsh_error *err)
{
    return access(path, F_OK) == 0 ? vsh_file_read(path, text, err) : VSH_OK;
}

/* The step a line of ours speaks of, -1 for none. */
static int64_t step_of(const char *line, size_t length)
{
    static const char key[] = "\"step\":";
    size_t reach = length < 64 ? length : 64; /* the key stands first or second */

    for (size_t i = 0; i + sizeof key < reach; i++)
        if (memcmp(line + i, key, sizeof key - 1) == 0)
            return strtoll(line + i + sizeof key - 1, NULL, 10);
    return -1;
}

/* The "energy_j" of a line that is a step's, NaN where it has none; 0 of any other line. */
static double joules_of(const char *line, size_t length)
{
    static const char event[] = "{\"event\"", key[] = "\"energy_j\":";

    if (length >= sizeof event - 1 && memcmp(line, event, sizeof event - 1) == 0)
        return 0;
    for (size_t i = 0; i + sizeof key < length; i++)
        if (memcmp(line + i, key, sizeof key - 1) == 0) {
            const char *number = line + i + sizeof key - 1;
            char *end;
            double value = strtod(number, &end);
            return end > number ? value : (double)NAN;
        }
    return NAN;
}

static double sum_joules(const vsh_text *text)
{
    const char *line = vsh_text_string(text), *last = line + text->length, *end;
    double joules = 0;

    for (; line < last && (end = memchr(line, '\n', (size_t)(last - line))); line = end + 1)
        joules += joules_of(line, (size_t)(end - line));
    return joules;
}

static bool is_end(const char *line, size_t length)
{
    static const char end[] = "{\"event\": \"end\"";

    return length >= sizeof end - 1 && memcmp(line, end, sizeof end - 1) == 0;
}

/* Bytes of finished lines that speak of no later step, and not of the end: the run goes on. */
static size_t kept_bytes(const vsh_text *text, int64_t after_step)
{
    const char *start = vsh_text_string(text), *line = start, *end;

    while ((end = memchr(line, '\n', text->length - (size_t)(line - start))) != NULL) {
        if (step_of(line, (size_t)(end - line)) > after_step || is_end(line, (size_t)(end - line)))
            break;
        line = end + 1;
    }
    return (size_t)(line - start);
}

vsh_status vsh_run_log_open(vsh_arena *arena, const char *path, int64_t after_step,
                            vsh_run_log *log, vsh_error *err)
{
    vsh_text text = {.arena = arena};

    *log = (vsh_run_log){-1, path, 0};
    if (after_step >= 0)
        VSH_TRY(read_all(path, &text, err));
    text.length = after_step >= 0 ? kept_bytes(&text, after_step) : 0;
    log->joules = sum_joules(&text);
    VSH_TRY(vsh_file_write(path, &text, err));
    log->descriptor = open_again(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    return log->descriptor < 0 ? failed(path, err) : VSH_OK;
}

vsh_status vsh_run_log_ended(vsh_arena *arena, const char *path, bool *ended, vsh_error *err)
{
    vsh_text text = {.arena = arena};
    const char *line;
    size_t at;

    *ended = false;
    VSH_TRY(read_all(path, &text, err));
    line = vsh_text_string(&text);
    at = text.length;
    if (at == 0 || line[--at] != '\n')
        return VSH_OK;
    while (at > 0 && line[at - 1] != '\n')
        at--;
    *ended = is_end(line + at, text.length - at);
    return VSH_OK;
}

vsh_status vsh_run_log_write(const vsh_run_log *log, const vsh_text *line, vsh_error *err)
{
    size_t done = 0;

    if (line->failed)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", log->path);
    while (done < line->length) {
        ssize_t wrote = write(log->descriptor, line->data + done, line->length - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return failed(log->path, err);
        done += (size_t)wrote;
    }
    return VSH_OK;
}

vsh_status vsh_run_log_sync(const vsh_run_log *log, vsh_error *err)
{
    int result;

    do
        result = fsync(log->descriptor);
    while (result != 0 && errno == EINTR);
    if (result != 0 && errno != EINVAL && errno != EROFS)
        return failed(log->path, err);
    return VSH_OK;
}

void vsh_run_log_close(vsh_run_log *log)
{
    if (log->descriptor >= 0)
        close(log->descriptor);
    log->descriptor = -1;
}
