#include "trainer/base/mapped_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the user can mend by giving another path, or other rights. */
static bool is_of_the_path(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP ||
           error == ENAMETOOLONG || error == EISDIR || error == ENXIO;
}

static vsh_status map(int descriptor, const char *path, vsh_mapped_file *file, vsh_error *err)
{
    struct stat info;
    void *data;

    if (fstat(descriptor, &info) != 0)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return vsh_fail(err, VSH_EINPUT, "%s: %s; expected a file", path,
                        S_ISDIR(info.st_mode) ? "a directory" : "not a regular file");
    *file = (vsh_mapped_file){"", 0};
    if (info.st_size == 0)
        return VSH_OK;
    data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (data == MAP_FAILED)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    posix_madvise(data, (size_t)info.st_size, POSIX_MADV_WILLNEED);
    *file = (vsh_mapped_file){data, info.st_size};
    return VSH_OK;
}

vsh_status vsh_mapped_file_open(const char *path, vsh_mapped_file *file, vsh_error *err)
{
    vsh_status status;
    int descriptor;

    do /* a pipe that nobody writes must not hang */
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0)
        return vsh_fail(err, is_of_the_path(errno) ? VSH_EINPUT : VSH_EMACHINE, "%s: %s", path,
                        strerror(errno));
    status = map(descriptor, path, file, err);
    close(descriptor);
    return status;
}

void vsh_mapped_file_close(vsh_mapped_file *file)
{
    if (file->bytes > 0)
        munmap((void *)file->data, (size_t)file->bytes);
    *file = (vsh_mapped_file){"", 0};
}
