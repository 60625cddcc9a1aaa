#include "trainer/base/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"

/* One call moves at most 2 GB on Linux: short reads are the rule for large files. */
static vsh_status read_all(int file, const char *path, char *bytes, int64_t length, vsh_error *err)
{
    int64_t done = 0;

    while (done < length) {
        ssize_t got = read(file, bytes + done, (size_t)(length - done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
        if (got == 0)
            return vsh_fail(err, VSH_EMACHINE, "%s: became shorter while it was read", path);
        done += got;
    }
    return VSH_OK;
}

static vsh_status read_open(vsh_arena *arena, int file, const char *path, int64_t length_max,
                            char **bytes, int64_t *length, vsh_error *err)
{
    struct stat info;

    if (fstat(file, &info) != 0)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return vsh_fail(err, VSH_EINPUT, "%s: expected a regular file", path);
    if (info.st_size > length_max)
        return vsh_fail(err, VSH_EINPUT, "%s: expected at most %s, got %s", path,
                        vsh_show_bytes((double)length_max).text,
                        vsh_show_bytes((double)info.st_size).text);
    *length = info.st_size;
    *bytes = vsh_alloc(arena, (size_t)info.st_size + 1, 1);
    if (!*bytes)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory for %s", path,
                        vsh_show_bytes((double)info.st_size).text);
    return read_all(file, path, *bytes, *length, err);
}

vsh_status vsh_whole_file_read(vsh_arena *arena, const char *path, int64_t length_max, char **bytes,
                               int64_t *length, vsh_error *err)
{
    /* O_NONBLOCK: opening a named pipe must not wait for a writer before it is refused */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    vsh_status status;

    if (file < 0)
        return vsh_fail(err, errno == EMFILE || errno == ENFILE ? VSH_EMACHINE : VSH_EINPUT,
                        "%s: %s", path, strerror(errno));
    status = read_open(arena, file, path, length_max, bytes, length, err);
    close(file);
    return status;
}
