/* Preloaded into a program under test: counts its calls that change a folder, and at one of them
 * lets the machine fail.
 *
 *   VSH_FAULT_DIR=DIR      only calls on paths and descriptors below DIR count
 *   VSH_FAULT_AT=K         the K-th of them, from 1, fails; without it none does
 *   VSH_FAULT_MODE=MODE    eio, enospc, eintr: the call is not made and fails so
 *                          short: a write takes half of what it is given
 *                          kill: the process is killed before the call
 *                          term: it is asked to end before the call, which is made
 *                          full: from the K-th on, nothing new fits on the disk
 *   VSH_FAULT_LOG=FILE     a line "CALL PATH" for every counted call is added to FILE
 *
 * A call that is made goes straight to the kernel. Removing files counts only for eio and kill. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

typedef enum { MAKES = 1, WRITES = 2, OTHER = 4 } effect;
typedef enum { PASS, FAIL, SHORTEN } decision;

static long count;

static bool is_mode(const char *mode)
{
    const char *set = getenv("VSH_FAULT_MODE");

    return set && strcmp(set, mode) == 0;
}

/* path as seen from folder, a descriptor, made absolute in room; false when it is not ours. */
static bool is_ours(int folder, const char *path, char room[PATH_MAX])
{
    const char *ours = getenv("VSH_FAULT_DIR");
    char link[64], above[PATH_MAX] = "";
    ssize_t length;

    if (!ours || !path)
        return false;
    if (path[0] != '/') {
        snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d",
                 folder);
        length = readlink(link, above, sizeof above - 1);
        if (length < 0)
            return false;
        above[length] = '\0';
    }
    if (snprintf(room, PATH_MAX, "%s%s%s", above, *above && *path ? "/" : "", path) >= PATH_MAX)
        return false;
    length = (ssize_t)strlen(ours);
    return strncmp(room, ours, (size_t)length) == 0 && (room[length] == '/' || !room[length]);
}

static void add_to_log(const char *call, const char *path)
{
    const char *log = getenv("VSH_FAULT_LOG");
    char line[PATH_MAX + 32];
    int length;
    long file;

    if (!log)
        return;
    length = snprintf(line, sizeof line, "%s %s\n", call, path);
    file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    syscall(SYS_write, file, line, (size_t)length);
    syscall(SYS_close, file);
}

static decision fail_with(int error)
{
    errno = error;
    return FAIL;
}

/* What happens at this call: FAIL leaves the reason in errno. */
static decision decide(const char *call, effect what, int folder, const char *path)
{
    const char *at = getenv("VSH_FAULT_AT");
    char room[PATH_MAX];
    int error = errno;
    long now, fault = at ? atol(at) : 0;

    if (!is_ours(folder, path, room))
        return PASS;
    now = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    add_to_log(call, room);
    errno = error;
    if (is_mode("full"))
        return fault && now >= fault && (what == MAKES || what == WRITES) ? fail_with(ENOSPC)
                                                                          : PASS;
    if (now != fault)
        return PASS;
    if (is_mode("kill"))
        raise(SIGKILL);
    if (is_mode("term")) { /* heard by another thread: it has a moment for that */
        const struct timespec moment = {.tv_nsec = 20000000};
        kill(getpid(), SIGTERM);
        nanosleep(&moment, NULL);
        return PASS;
    }
    if (is_mode("short"))
        return what == WRITES ? SHORTEN : PASS;
    return fail_with(is_mode("enospc") ? ENOSPC : is_mode("eintr") ? EINTR : EIO);
}

/* ---- the calls ----------------------------------------------------------------------------- */

static int open_any(int folder, const char *path, int flags, mode_t mode)
{
    if (decide("open", flags & O_CREAT ? MAKES : OTHER, folder, path) == FAIL)
        return -1;
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list arguments;                                                                         \
        mode_t mode;                                                                               \
                                                                                                   \
        va_start(arguments, flags);                                                                \
        mode = mode_of(flags, arguments);                                                          \
        va_end(arguments);                                                                         \
        return open_any(AT_FDCWD, path, flags, mode);                                              \
    }
#define OPENAT(name)                                                                               \
    int name(int folder, const char *path, int flags, ...)                                         \
    {                                                                                              \
        va_list arguments;                                                                         \
        mode_t mode;                                                                               \
                                                                                                   \
        va_start(arguments, flags);                                                                \
        mode = mode_of(flags, arguments);                                                          \
        va_end(arguments);                                                                         \
        return open_any(folder, path, flags, mode);                                                \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* what a fortified program calls instead */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);
int __open_2(const char *path, int flags) { return open_any(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_any(AT_FDCWD, path, flags, 0); }
int __openat_2(int folder, const char *path, int flags) { return open_any(folder, path, flags, 0); }
int __openat64_2(int folder, const char *path, int flags)
{
    return open_any(folder, path, flags, 0);
}

int creat(const char *path, mode_t mode)
{
    return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

ssize_t write(int file, const void *bytes, size_t length)
{
    decision what = decide("write", WRITES, file, "");

    if (what == FAIL)
        return -1;
    return syscall(SYS_write, file, bytes, what == SHORTEN && length > 1 ? length / 2 : length);
}

static ssize_t write_at(int file, const void *bytes, size_t length, off_t offset)
{
    decision what = decide("pwrite", WRITES, file, "");

    if (what == FAIL)
        return -1;
    return syscall(SYS_pwrite64, file, bytes, what == SHORTEN && length > 1 ? length / 2 : length,
                   offset);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset)
{
    return write_at(file, bytes, length, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset)
{
    return write_at(file, bytes, length, offset);
}

int fsync(int file)
{
    return decide("fsync", OTHER, file, "") == FAIL ? -1 : (int)syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    return decide("fdatasync", OTHER, file, "") == FAIL ? -1 : (int)syscall(SYS_fdatasync, file);
}

int ftruncate(int file, off_t length)
{
    return decide("ftruncate", WRITES, file, "") == FAIL
               ? -1
               : (int)syscall(SYS_ftruncate, file, length);
}

int ftruncate64(int file, off64_t length) { return ftruncate(file, length); }

/* The descriptor is gone, whatever the answer, as on Linux. */
int close(int file)
{
    bool fails = decide("close", OTHER, file, "") == FAIL;
    int error = errno, result = (int)syscall(SYS_close, file);

    if (!fails)
        return result;
    errno = error;
    return -1;
}

static int rename_any(int from_folder, const char *from, int to_folder, const char *to,
                      unsigned flags)
{
    if (decide("rename", MAKES, to_folder, to) == FAIL)
        return -1;
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int rename(const char *from, const char *to) { return rename_any(AT_FDCWD, from, AT_FDCWD, to, 0); }

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return rename_any(from_folder, from, to_folder, to, 0);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    return rename_any(from_folder, from, to_folder, to, flags);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    return decide("mkdir", MAKES, folder, path) == FAIL
               ? -1
               : (int)syscall(SYS_mkdirat, folder, path, mode);
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int unlinkat(int folder, const char *path, int flags)
{
    if ((is_mode("eio") || is_mode("kill") || !getenv("VSH_FAULT_MODE")) &&
        decide("unlink", OTHER, folder, path) == FAIL)
        return -1;
    return (int)syscall(SYS_unlinkat, folder, path, flags);
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
