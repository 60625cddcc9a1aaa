#include "trainer/run/run_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The owner writes "process 1234 on host", which is all that others read. */
static vsh_status say_taken(int file, const char *path, vsh_error *err)
{
    char owner[128];
    ssize_t length = pread(file, owner, sizeof owner - 1, 0);

    owner[length > 0 ? length : 0] = '\0';
    owner[strcspn(owner, "\n")] = '\0';
    return vsh_fail(err, VSH_EINPUT, "%s: %s runs here; give this run a folder of its own", path,
                    *owner ? owner : "another process");
}

/* 0, or -1 with errno set. */
static int put_all(int file, const char *text, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t wrote = pwrite(file, text + done, length - done, (off_t)done);
        if (wrote < 0 && errno != EINTR)
            return -1;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return 0;
}

static vsh_status write_owner(int file, const char *path, vsh_error *err)
{
    char host[64] = "", owner[128];
    int length, result;

    if (gethostname(host, sizeof host - 1) != 0)
        snprintf(host, sizeof host, "an unknown host");
    length = snprintf(owner, sizeof owner, "process %ld on %s\n", (long)getpid(), host);
    do
        result = ftruncate(file, 0);
    while (result != 0 && errno == EINTR);
    if (result == 0)
        result = put_all(file, owner, (size_t)length);
    return result == 0 ? VSH_OK : vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
}

static vsh_status take(int file, const char *path, vsh_error *err)
{
    struct stat info;
    int result;

    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode))
        return vsh_fail(err, VSH_EMACHINE, "%s: not a regular file", path);
    do
        result = flock(file, LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    if (result != 0 && errno == EWOULDBLOCK)
        return say_taken(file, path, err);
    if (result != 0)
        return vsh_fail(err, VSH_EMACHINE, "%s: cannot lock: %s", path, strerror(errno));
    return write_owner(file, path, err);
}

vsh_status vsh_run_lock(const char *folder, int *descriptor, vsh_error *err)
{
    char path[PATH_MAX];
    vsh_status status;
    int file;

    *descriptor = -1;
    if ((size_t)snprintf(path, sizeof path, "%s/run.lock", folder) >= sizeof path)
        return vsh_fail(err, VSH_EMACHINE, "%.80s...: %s", folder, strerror(ENAMETOOLONG));
    do
        file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    while (file < 0 && errno == EINTR);
    if (file < 0)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path,
                        errno == ELOOP ? "a symbolic link" : strerror(errno));
    status = take(file, path, err);
    if (status == VSH_OK)
        *descriptor = file;
    else
        close(file);
    return status;
}

void vsh_run_unlock(int descriptor)
{
    /* the file stays: removing it could remove the lock of the next owner */
    if (descriptor >= 0)
        close(descriptor);
}
