#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static vsh_status write_all(int file, const char *path, const vsh_text *text, vsh_error *err)
{
    size_t done = 0;
    int result;

    while (done < text->length) {
        ssize_t wrote = write(file, text->data + done, text->length - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
        done += (size_t)wrote;
    }
    do
        result = fsync(file);
    while (result != 0 && errno == EINTR);
    if (result != 0 && errno != EINVAL && errno != EROFS)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    return VSH_OK;
}

/* mkstemp gives 0600 whatever the user's mask is. */
static mode_t creation_mask(void)
{
    mode_t mask = umask(077);

    umask(mask);
    return mask;
}

/* So that the new name outlives a power cut; a file system that cannot is not our failure. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int file;

    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return;
    fsync(file);
    close(file);
}

/* Links to files are replaced, not followed; those below /dev lead to descriptors. */
static bool is_device(const char *path)
{
    struct stat there;

    return stat(path, &there) == 0 && !S_ISDIR(there.st_mode) &&
           (!S_ISREG(there.st_mode) || strncmp(path, "/dev/", 5) == 0);
}

/* A device or a pipe is written to, never replaced by a file. */
static vsh_status write_in_place(const char *path, const vsh_text *text, vsh_error *err)
{
    int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    vsh_status status;

    if (file < 0)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    status = write_all(file, path, text, err);
    if (close(file) != 0 && errno != EINTR && status == VSH_OK)
        status = vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    return status;
}

vsh_status vsh_file_write(const char *path, const vsh_text *text, vsh_error *err)
{
    char temporary[PATH_MAX];
    vsh_status status;
    int file;

    if (text->failed)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    if (is_device(path))
        return write_in_place(path, text, err);
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= sizeof temporary)
        return vsh_fail(err, VSH_EMACHINE, "%.80s...: %s", path, strerror(ENAMETOOLONG));
    file = mkstemp(temporary);
    if (file < 0)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    status = write_all(file, path, text, err);
    if (fchmod(file, 0666 & ~creation_mask()) != 0 && status == VSH_OK)
        status = vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    /* interrupted, the descriptor is closed all the same, and the data is synced */
    if (close(file) != 0 && errno != EINTR && status == VSH_OK)
        status = vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    if (status == VSH_OK && rename(temporary, path) != 0)
        status = vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    if (status != VSH_OK)
        unlink(temporary);
    else
        sync_folder(path);
    return status;
}

/* Appends what is left of an open file, until there is more than most. */
static bool take(int file, size_t most, vsh_text *text)
{
    size_t begin = text->length;
    char part[65536];
    ssize_t got;

    while (text->length - begin <= most && (got = read(file, part, sizeof part)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        vsh_text_put(text, part, (size_t)got);
        if (text->failed)
            break;
    }
    return true;
}

static int open_for_reading(const char *path, int flags)
{
    int file;

    do
        file = open(path, O_RDONLY | O_CLOEXEC | flags);
    while (file < 0 && errno == EINTR);
    return file;
}

/* For messages: errno is what it was when something failed. */
static void close_quietly(int file)
{
    int why = errno;

    close(file);
    errno = why;
}

/* Another file would not open either. */
static bool is_machines(int why)
{
    return why == EIO || why == EMFILE || why == ENFILE || why == ENOMEM;
}

vsh_read vsh_file_read_bounded(const char *path, size_t most, vsh_text *text)
{
    int file = open_for_reading(path, O_NONBLOCK); /* a pipe nobody writes must not hang */
    struct stat info;
    vsh_read result;

    if (file < 0)
        return is_machines(errno) ? VSH_READ_BROKEN : VSH_READ_UNOPENED;
    if (fstat(file, &info) == 0 && !S_ISREG(info.st_mode))
        result = S_ISDIR(info.st_mode) ? VSH_READ_FOLDER : VSH_READ_SPECIAL;
    else
        result = take(file, most, text) ? VSH_READ_DONE : VSH_READ_BROKEN;
    close_quietly(file);
    return result;
}

vsh_status vsh_file_read(const char *path, vsh_text *text, vsh_error *err)
{
    int file = open_for_reading(path, 0);
    bool read_whole;

    if (file < 0)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    read_whole = take(file, SIZE_MAX, text);
    close_quietly(file);
    if (!read_whole)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    return text->failed ? vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path) : VSH_OK;
}

const char *vsh_path_join(vsh_arena *arena, const char *folder, const char *name)
{
    vsh_text path = {.arena = arena};

    vsh_text_add(&path, "%s/%s", folder, name);
    return path.failed ? NULL : vsh_text_string(&path);
}

vsh_file_owner vsh_file_owner_of(const char *path, const char *mark)
{
    char head[1025];
    struct stat info;
    size_t length;
    FILE *file;

    if (lstat(path, &info) != 0)
        return VSH_FILE_ABSENT;
    if (!S_ISREG(info.st_mode) || !(file = fopen(path, "r")))
        return VSH_FILE_FOREIGN;
    length = fread(head, 1, sizeof head - 1, file);
    fclose(file);
    head[length] = '\0';
    return strstr(head, mark) ? VSH_FILE_MARKED : VSH_FILE_FOREIGN;
}

vsh_status vsh_folder_make(const char *path, vsh_error *err)
{
    char part[PATH_MAX];
    size_t length = strlen(path);
    struct stat info;

    if (length == 0 || length >= sizeof part)
        return vsh_fail(err, VSH_EMACHINE, "%.80s: %s", path,
                        strerror(length ? ENAMETOOLONG : ENOENT));
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return vsh_fail(err, VSH_EMACHINE, "%s: %s", part, strerror(errno));
    }
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(ENOTDIR));
    return VSH_OK;
}
