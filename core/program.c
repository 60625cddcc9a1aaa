#include "core/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/term.h"

void vsh_program_begin(void)
{
    /* open takes the lowest that is free, so those below this one are in use */
    for (int file = 0; file <= 2; file++)
        if (fcntl(file, F_GETFD) < 0 && open("/dev/null", file ? O_RDONLY : O_WRONLY) != file)
            return;
}

vsh_status vsh_find_command(int argc, char *const *argv, const char *const *names, int count,
                            int *which, vsh_error *err)
{
    const char *known[VSH_COMMANDS_MAX];
    char suggestion[160];
    size_t known_count = 0;

    *which = 0;
    if (argc < 2 || (argv[1][0] == '-' && !*names[0]))
        return VSH_OK;
    for (int i = 0; i < count; i++) {
        if (*names[i] && strcmp(names[i], argv[1]) == 0) {
            *which = i;
            return VSH_OK;
        }
        if (*names[i])
            known[known_count++] = names[i];
    }
    vsh_suggest(suggestion, sizeof suggestion, argv[1], known, known_count);
    return vsh_fail(err, VSH_EINPUT, "unknown command \"%.80s\"%s", argv[1], suggestion);
}

/* One word as a shell takes it back. */
static void quote_word(vsh_text *line, const char *word)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./=+,:@%";

    if (*word && strspn(word, plain) == strlen(word)) {
        vsh_text_add(line, "%s", word);
        return;
    }
    vsh_text_put(line, "'", 1);
    for (; *word; word++)
        vsh_text_add(line, *word == '\'' ? "'\\''" : "%c",
                     (unsigned char)*word < 0x20 ? '?' : *word);
    vsh_text_put(line, "'", 1);
}

const char *vsh_show_command(vsh_arena *arena, int argc, char *const *argv)
{
    vsh_text line = {.arena = arena};

    for (int i = 0; i < argc; i++) {
        if (i > 0)
            vsh_text_put(&line, " ", 1);
        quote_word(&line, argv[i]);
    }
    return vsh_text_string(&line);
}

const char *vsh_cache_folder(vsh_arena *arena, const char *cache, const char *home)
{
    vsh_text path = {.arena = arena};

    if (cache && *cache)
        vsh_text_add(&path, "%s/vishwa", cache);
    else if (home && *home)
        vsh_text_add(&path, "%s/.cache/vishwa", home);
    return path.length ? vsh_text_string(&path) : NULL;
}

vsh_status vsh_program_end(const char *program, vsh_status status, bool answered,
                           const vsh_text *results, const vsh_text *talk, vsh_error *err)
{
    bool lost = false;

    if (status == VSH_OK || (status == VSH_ENO && results->length) || answered) {
        vsh_error failure = {""};
        if (vsh_term_write(stdout, results, &failure) != VSH_OK) {
            status = VSH_EMACHINE;
            *err = failure;
            lost = true;
        } else if (fclose(stdout) != 0) {
            status = vsh_fail(err, VSH_EMACHINE, "output: %s", strerror(errno));
        }
    }
    if (talk && !lost)
        vsh_term_write(stderr, talk, NULL);
    if (*err->text)
        fprintf(stderr, "%s: %s\n", program, err->text);
    return status;
}
