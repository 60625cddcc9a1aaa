#include "trainer/base/new_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"

vsh_status vsh_new_file_open(const char *path, int64_t expected, vsh_new_file *file, vsh_error *err)
{
    int descriptor;

    do
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    *file = (vsh_new_file){path, descriptor, 0, expected};
    return VSH_OK;
}

vsh_status vsh_new_file_put(vsh_new_file *file, const void *bytes, int64_t length, vsh_error *err)
{
    const char *at = bytes;

    while (length > 0) {
        ssize_t wrote = write(file->descriptor, at, (size_t)length);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return vsh_fail(err, VSH_EMACHINE, "%s: %s, after %s of %s", file->path,
                            wrote < 0 ? strerror(errno) : "nothing is written any more",
                            vsh_show_bytes((double)file->written).text,
                            vsh_show_bytes((double)file->expected).text);
        at += wrote;
        length -= wrote;
        file->written += wrote;
    }
    return VSH_OK;
}

static int sync_file(int descriptor)
{
    int result;

    do
        result = fsync(descriptor);
    while (result != 0 && errno == EINTR);
    return result;
}

vsh_status vsh_new_file_close(vsh_new_file *file, vsh_status status, vsh_error *err)
{
    assert(status != VSH_OK || file->written == file->expected);
    if (status == VSH_OK && sync_file(file->descriptor) != 0)
        status = vsh_fail(err, VSH_EMACHINE, "%s: cannot sync: %s", file->path, strerror(errno));
    /* interrupted, the descriptor is closed all the same, and the data is synced */
    if (close(file->descriptor) != 0 && errno != EINTR && status == VSH_OK)
        status = vsh_fail(err, VSH_EMACHINE, "%s: %s", file->path, strerror(errno));
    if (status != VSH_OK)
        unlink(file->path);
    return status;
}

vsh_status vsh_new_file_write(const char *path, const void *bytes, int64_t length, vsh_error *err)
{
    vsh_new_file file;

    VSH_TRY(vsh_new_file_open(path, length, &file, err));
    return vsh_new_file_close(&file, vsh_new_file_put(&file, bytes, length, err), err);
}
