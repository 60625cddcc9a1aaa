#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "trainer/base/folder.h"
#include "trainer/base/hash64.h"
#include "trainer/build/build_inside.h"

enum { NAME_BYTES_MAX = 96 }; /* below OUT, with what a file that is being written has behind it */

static const char work_name[] = "work", state_name[] = "work/build.json";

/* What a build leaves in OUT: whole names, and the beginnings of shards. */
static const char *const files[] = {"manifest.json", "inputs.jsonl",    "report.json", "qa.jsonl",
                                    "nli.jsonl",     "tokenizer.model", work_name,     NULL};
static const char *const shards[] = {"train-", "validation-", "augmented-", NULL};

/* ---- names -------------------------------------------------------------------------------- */

vsh_build_path vsh_build_out(const vsh_building *b, const char *name)
{
    vsh_build_path path;

    snprintf(path.text, sizeof path.text, "%s/%s", b->o->out, name);
    return path;
}

vsh_build_path vsh_build_part(const vsh_building *b, const char *name)
{
    vsh_build_path path;

    snprintf(path.text, sizeof path.text, "%s/work/parts/%s", b->o->out, name);
    return path;
}

vsh_build_name vsh_build_name_of(const char *kind, int64_t span, int64_t part,
                                 const char *extension)
{
    vsh_build_name name;

    snprintf(name.text, sizeof name.text, "%s-%05lld-%05lld%s", kind, (long long)span,
             (long long)part, extension);
    return name;
}

vsh_build_path vsh_build_segment_path(const vsh_building *b, int64_t span, int64_t part)
{
    return vsh_build_part(b, vsh_build_name_of("segment", span, part, "").text);
}

bool vsh_build_find(const vsh_building *b, const char *name, vsh_build_path *path)
{
    *path = vsh_build_part(b, name);
    if (access(path->text, R_OK) == 0)
        return true;
    *path = vsh_build_out(b, name);
    return access(path->text, R_OK) == 0;
}

vsh_status vsh_build_move(const vsh_building *b, const char *name, vsh_error *err)
{
    vsh_build_path from = vsh_build_part(b, name), to = vsh_build_out(b, name);

    if (rename(from.text, to.text) != 0 && errno != ENOENT)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", to.text, strerror(errno));
    return VSH_OK;
}

/* ---- what lies in OUT --------------------------------------------------------------------- */

/* Nothing is written there under another name: files are made in parts, and moved. */
static bool is_ours(const char *name)
{
    const char *extension = strrchr(name, '.');

    for (int i = 0; files[i]; i++)
        if (strcmp(name, files[i]) == 0)
            return true;
    for (int i = 0; shards[i]; i++)
        if (strncmp(name, shards[i], strlen(shards[i])) == 0)
            return extension && strcmp(extension, ".safetensors") == 0;
    return false;
}

typedef vsh_status entry_use(vsh_building *b, const char *name, vsh_error *err);

static vsh_status each_entry(vsh_building *b, entry_use *use, vsh_error *err)
{
    DIR *folder = opendir(b->o->out);
    const struct dirent *entry;
    vsh_status status = VSH_OK;

    if (!folder)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", b->o->out, strerror(errno));
    while (status == VSH_OK && (entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = use(b, entry->d_name, err);
    closedir(folder);
    return status;
}

static vsh_status refuse_foreign(vsh_building *b, const char *name, vsh_error *err)
{
    return is_ours(name)
               ? VSH_OK
               : vsh_fail(err, VSH_EINPUT,
                          "--out %s: expected a new or empty folder, or an earlier build's; "
                          "found \"%.80s\" in it",
                          b->o->out, name);
}

static vsh_status remove_entry(vsh_building *b, const char *name, vsh_error *err)
{
    return vsh_folder_remove(vsh_build_out(b, name).text, err);
}

/* The manifest first: without it what is left is no dataset. */
static vsh_status remove_all(vsh_building *b, vsh_error *err)
{
    VSH_TRY(remove_entry(b, "manifest.json", err));
    return each_entry(b, remove_entry, err);
}

static bool exists(const vsh_building *b, const char *name)
{
    return access(vsh_build_out(b, name).text, F_OK) == 0;
}

/* ---- taking it ---------------------------------------------------------------------------- */

static vsh_status lock(vsh_building *b, vsh_error *err)
{
    b->lock = vsh_folder_lock(b->o->out, false);
    if (b->lock >= 0)
        return VSH_OK;
    if (errno == EWOULDBLOCK)
        return vsh_fail(err, VSH_EINPUT, "--out %s: another build is at work in it", b->o->out);
    return vsh_fail(err, errno == ENOTDIR ? VSH_EINPUT : VSH_EMACHINE, "--out %s: %s", b->o->out,
                    strerror(errno));
}

/* Work may be left where a build was killed behind its manifest. */
static vsh_status refuse_finished(vsh_building *b, vsh_error *err)
{
    VSH_TRY(remove_entry(b, work_name, err));
    return vsh_fail(err, VSH_EINPUT, "--out %s: holds a dataset; --force builds it again",
                    b->o->out);
}

vsh_status vsh_build_folder_take(vsh_building *b, vsh_error *err)
{
    const char *out = b->o->out;
    struct stat there;

    if (strlen(out) + NAME_BYTES_MAX > PATH_MAX)
        return vsh_fail(err, VSH_EINPUT, "--out %.80s...: %s", out, strerror(ENAMETOOLONG));
    if (stat(out, &there) == 0 && !S_ISDIR(there.st_mode))
        return vsh_fail(err, VSH_EINPUT, "--out %s: expected a folder, found a file", out);
    VSH_TRY(vsh_folder_make(out, err));
    VSH_TRY(lock(b, err));
    VSH_TRY(each_entry(b, refuse_foreign, err));
    if (b->o->force)
        VSH_TRY(remove_all(b, err));
    else if (exists(b, "manifest.json") && !exists(b, state_name))
        return refuse_finished(b, err);
    /* without its state nobody knows what the work is of */
    if (!exists(b, state_name))
        VSH_TRY(remove_entry(b, work_name, err));
    return vsh_folder_make(vsh_build_part(b, "").text, err);
}

void vsh_build_folder_leave(vsh_building *b)
{
    if (b->lock >= 0)
        close(b->lock);
    b->lock = -1;
}

/* ---- whose work it is --------------------------------------------------------------------- */

/* Of a tokenizer, which was looked into before. */
static vsh_status hash_file(const char *path, uint64_t *hash, vsh_error *err)
{
    vsh_arena room = {0};
    vsh_text text = {.arena = &room};
    vsh_status status = vsh_file_read(path, &text, err);

    if (status == VSH_OK)
        *hash = vsh_hash64_pair(*hash, vsh_hash64(text.data, text.length));
    vsh_arena_free(&room);
    return status;
}

static vsh_status hash_all(vsh_building *b, uint64_t *hash, vsh_error *err)
{
    /* files of our own making are made anew by each call */
    *hash = vsh_sources_hash(&b->sources, b->o->in_count > 0);
    if (vsh_build_tokenizer_is_file(b->o))
        VSH_TRY(hash_file(b->o->tokenizer, hash, err));
    return VSH_OK;
}

/* One option a line. */
static vsh_status write_state(vsh_building *b, vsh_text *text, vsh_error *err)
{
    vsh_json json = {.out = text};
    char digits[20];
    uint64_t hash;

    VSH_TRY(hash_all(b, &hash, err));
    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)hash);
    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_build_options_write(&json, b->o);
    vsh_build_forbidden_write(&json, &b->report->forbidden);
    vsh_json_string(&json, "paths, sizes and dates of the files", digits);
    vsh_json_end(&json);
    return text->failed ? vsh_fail(err, VSH_EMACHINE, "out of memory") : VSH_OK;
}

/* The key in the first line that differs: "  \"vocab\": 8192,". */
static void find_difference(const char *was, const char *is, char *name, size_t room)
{
    const char *line = is, *key;

    while (*is && *is == *was) {
        if (*is == '\n')
            line = is + 1;
        is++;
        was++;
    }
    key = strchr(line, '"');
    key = key ? key + 1 : line;
    snprintf(name, room, "%.*s", (int)strcspn(key, "\"\n"), key);
}

vsh_status vsh_build_folder_claim(vsh_building *b, vsh_error *err)
{
    vsh_text is = {.arena = b->arena}, was = {.arena = b->arena};
    char name[64];

    VSH_TRY(write_state(b, &is, err));
    b->key = vsh_hash64(is.data, is.length);
    if (!exists(b, state_name))
        return vsh_file_write(vsh_build_out(b, state_name).text, &is, err);
    VSH_TRY(vsh_file_read(vsh_build_out(b, state_name).text, &was, err));
    if (was.length == is.length && memcmp(was.data, is.data, is.length) == 0)
        return remove_entry(b, "manifest.json", err); /* it was killed behind it: it ends again */
    if (exists(b, "manifest.json"))
        return refuse_finished(b, err);
    find_difference(vsh_text_string(&was), is.data, name, sizeof name);
    return vsh_fail(err, VSH_EINPUT,
                    "--out %s: holds an unfinished build that differs in \"%s\"; the same command "
                    "as then goes on, --force starts over",
                    b->o->out, name);
}

/* The state last: who is killed on the way comes to the end with it. */
vsh_status vsh_build_folder_clean(vsh_building *b, vsh_error *err)
{
    VSH_TRY(vsh_folder_remove(vsh_build_part(b, "").text, err));
    return remove_entry(b, work_name, err);
}

void vsh_build_folder_forget(vsh_building *b)
{
    remove_entry(b, work_name, NULL);
    rmdir(b->o->out); /* goes only when nothing is in it */
}

bool vsh_build_folder_is_claimed(const vsh_building *b) { return exists(b, state_name); }
