#include "trainer/base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { DEPTH = 16 }; /* of folders in folders: what we write is flat */

static bool remove_entry(int folder, const char *name, int depth);

static bool remove_contents(int descriptor, int depth)
{
    DIR *folder = fdopendir(descriptor); /* closes the descriptor with it */
    const struct dirent *entry;
    bool removed = true;

    if (!folder) {
        close(descriptor);
        return false;
    }
    while (removed && (entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            removed = remove_entry(descriptor, entry->d_name, depth);
    closedir(folder);
    return removed;
}

/* false: errno says why. */
static bool remove_entry(int folder, const char *name, int depth)
{
    int inner;

    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
        return true;
    if ((errno != EISDIR && errno != EPERM) || depth == DEPTH)
        return false;
    inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return inner >= 0 && remove_contents(inner, depth + 1) &&
           unlinkat(folder, name, AT_REMOVEDIR) == 0;
}

vsh_status vsh_folder_remove(const char *path, vsh_error *err)
{
    if (!remove_entry(AT_FDCWD, path, 0))
        return vsh_fail(err, VSH_EMACHINE, "%s: cannot remove: %s", path, strerror(errno));
    return VSH_OK;
}

void vsh_folder_sweep(const char *path, const char *name)
{
    enum { RANDOM = 6 }; /* characters that mkstemp chooses */
    DIR *folder = opendir(path);
    const struct dirent *entry;
    size_t length = strlen(name);

    while (folder && (entry = readdir(folder)))
        if (strncmp(entry->d_name, name, length) == 0 && entry->d_name[length] == '.' &&
            strlen(entry->d_name) == length + 1 + RANDOM)
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
}

vsh_status vsh_folder_sync(const char *path, vsh_error *err)
{
    int descriptor, result, error;

    do
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    do
        result = fsync(descriptor);
    while (result != 0 && errno == EINTR);
    error = errno;
    close(descriptor);
    /* EINVAL: the file system keeps names without being asked */
    if (result != 0 && error != EINVAL)
        return vsh_fail(err, VSH_EMACHINE, "%s: cannot sync: %s", path, strerror(error));
    return VSH_OK;
}

int vsh_folder_lock(const char *path, bool wait)
{
    int descriptor, result, why;

    do
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0)
        return -1;
    do
        result = flock(descriptor, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    if (result == 0)
        return descriptor;
    why = errno;
    close(descriptor);
    errno = why;
    return -1;
}
