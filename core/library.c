#include "core/library.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "core/file.h"
#include "core/text.h"

static const char suffix[] = ".yaml";

static bool find_ourselves(char path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);

    path[length > 0 ? length : 0] = '\0';
    return length > 0;
}

/* The folder of the running program, or one of the two above it (a build tree), that has the
 * shelves; NULL when none has. */
static const char *program_folder(vsh_arena *arena)
{
    char path[PATH_MAX], shelf[PATH_MAX + 16], *slash;

    if (!find_ourselves(path))
        return NULL;
    for (int level = 0; level < 3 && (slash = strrchr(path, '/')); level++) {
        *slash = '\0';
        snprintf(shelf, sizeof shelf, "%s/hwprofiles", path);
        if (access(shelf, F_OK) == 0)
            return vsh_copy_text(arena, path, strlen(path));
    }
    return NULL;
}

vsh_library vsh_library_open(vsh_arena *arena, const char *data)
{
    return (vsh_library){{data, program_folder(arena), VSH_DATADIR, "."}};
}

static bool has_suffix(const char *name, const char *end)
{
    size_t length = strlen(name), end_length = strlen(end);

    return length > end_length && strcmp(name + length - end_length, end) == 0;
}

static bool is_path(const char *name)
{
    return strchr(name, '/') || has_suffix(name, ".yaml") || has_suffix(name, ".yml") ||
           has_suffix(name, ".json");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static vsh_status list_root(vsh_arena *arena, const char *folder, const char **names,
                            size_t *name_count, vsh_error *err)
{
    DIR *directory = opendir(folder);
    const struct dirent *entry;
    vsh_status status = VSH_OK;

    if (!directory)
        return VSH_OK; /* a root that is not there has no names */
    while (status == VSH_OK && (entry = readdir(directory)) && *name_count < VSH_LIBRARY_NAMES) {
        if (!has_suffix(entry->d_name, suffix) || entry->d_name[0] == '.')
            continue;
        names[*name_count] =
            vsh_copy_text(arena, entry->d_name, strlen(entry->d_name) - strlen(suffix));
        if (!names[*name_count])
            status = vsh_fail(err, VSH_EMACHINE, "%s: out of memory", folder);
        else
            ++*name_count;
    }
    closedir(directory);
    return status;
}

vsh_status vsh_library_list(vsh_arena *arena, const vsh_library *library, const char *shelf,
                            const char *names[VSH_LIBRARY_NAMES], size_t *name_count,
                            vsh_error *err)
{
    size_t kept = 0;

    *name_count = 0;
    for (int i = 0; i < VSH_LIBRARY_ROOTS; i++) {
        char folder[PATH_MAX];
        if (!library->roots[i])
            continue;
        snprintf(folder, sizeof folder, "%s/%s", library->roots[i], shelf);
        VSH_TRY(list_root(arena, folder, names, name_count, err));
    }
    qsort(names, *name_count, sizeof *names, by_name);
    for (size_t i = 0; i < *name_count; i++)
        if (i == 0 || strcmp(names[i], names[kept - 1]) != 0)
            names[kept++] = names[i];
    *name_count = kept;
    return VSH_OK;
}

vsh_status vsh_library_find(vsh_arena *arena, const vsh_library *library, const char *shelf,
                            const char *what, const char *name, const char **path, vsh_error *err)
{
    const char *names[VSH_LIBRARY_NAMES];
    char candidate[PATH_MAX], suggestion[160];
    size_t name_count;

    assert(library && shelf && what && name && path);
    if (is_path(name)) {
        *path = name;
        return VSH_OK;
    }
    for (int i = 0; i < VSH_LIBRARY_ROOTS; i++) {
        if (!library->roots[i])
            continue;
        snprintf(candidate, sizeof candidate, "%s/%s/%.128s%s", library->roots[i], shelf, name,
                 suffix);
        if (access(candidate, F_OK) == 0) {
            *path = vsh_copy_text(arena, candidate, strlen(candidate));
            return *path ? VSH_OK : vsh_fail(err, VSH_EMACHINE, "%s: out of memory", name);
        }
    }
    VSH_TRY(vsh_library_list(arena, library, shelf, names, &name_count, err));
    vsh_suggest(suggestion, sizeof suggestion, name, names, name_count);
    return vsh_fail(err, VSH_EINPUT, "%s \"%.80s\"%s", what, name, suggestion);
}

vsh_status vsh_library_program(vsh_arena *arena, const char *name, const char **path,
                               vsh_error *err)
{
    char own[PATH_MAX], *slash;

    if (!find_ourselves(own) || !(slash = strrchr(own, '/')))
        return vsh_fail(err, VSH_EMACHINE, "%s: cannot find the folder of this program", name);
    *slash = '\0';
    *path = vsh_path_join(arena, own, name);
    if (!*path)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", name);
    if (access(*path, X_OK) != 0)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s; it belongs beside this program", *path,
                        strerror(errno));
    return VSH_OK;
}
