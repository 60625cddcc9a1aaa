/* The program that the faults are injected into, and the judge of what they leave.
 *
 *   write_checkpoints write FOLDER   writes steps 1, 2, 3 and 3 again, keeping 2; prints "wrote N"
 *                                    after each; exits with the status of the first failure
 *   write_checkpoints judge FOLDER N REPORTED
 *                                    what must hold after a run that ended with status N (137: it
 *                                    was killed) and had reported so many writes */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/run/checkpoint.h"

enum { WRITES = 4, KEEP = 2, ELEMENTS = 300 };

static const int64_t step_of[WRITES + 1] = {0, 1, 2, 3, 3};

/* Everything in a checkpoint follows from the number of the write. */
static void fill(float weights[ELEMENTS], float moments[ELEMENTS], int write)
{
    for (int i = 0; i < ELEMENTS; i++) {
        weights[i] = (float)(write * 1000 + i);
        moments[i] = -(float)(write * 1000 + i);
    }
}

static vsh_status write_one(const char *folder, int write, vsh_error *err)
{
    static float weights[ELEMENTS], moments[ELEMENTS];
    static const vsh_safetensor model[] = {{"a.weight", "F32", 2, {25, 4}, 400, weights},
                                           {"b.weight", "F32", 2, {20, 10}, 800, weights + 100}};
    static const vsh_safetensor optimizer[] = {{"moment1", "F32", 1, {ELEMENTS}, 1200, moments}};
    static const vsh_checkpoint_file files[] = {{"model.safetensors", model, 2},
                                                {"optimizer.safetensors", optimizer, 1}};
    vsh_checkpoint checkpoint = {.state = {.step = step_of[write], .tokens = write},
                                 .config_json = "{}\n",
                                 .run_yaml = "steps: 3\n",
                                 .files = files,
                                 .file_count = 2};
    vsh_arena arena = {NULL};
    vsh_status status;

    fill(weights, moments, write);
    status = vsh_checkpoint_write(&arena, folder, &checkpoint, KEEP, err);
    vsh_arena_free(&arena);
    return status;
}

static int write_all(const char *folder)
{
    for (int write = 1; write <= WRITES; write++) {
        vsh_error err = {""};
        vsh_status status = write_one(folder, write, &err);
        if (status != VSH_OK) {
            fprintf(stderr, "write_checkpoints: %s\n", err.text);
            return (int)status;
        }
        printf("wrote %d\n", write);
        fflush(stdout);
    }
    return 0;
}

/* ---- judging ------------------------------------------------------------------------------- */

/* Which write a checkpoint came from; 0 when it is not to the bit what that write wrote. */
static int identify(vsh_arena *arena, const char *path)
{
    float weights[ELEMENTS], moments[ELEMENTS];
    vsh_checkpoint_read_result read;
    vsh_error err;
    bool same;
    int write;

    if (vsh_checkpoint_read(arena, path, false, &read, &err) != VSH_OK)
        return 0;
    write = (int)read.state.tokens;
    same = write >= 1 && write <= WRITES && read.state.step == step_of[write];
    fill(weights, moments, same ? write : 0);
    same =
        same && memcmp(vsh_safetensors_find(&read.files[0], "a.weight")->data, weights, 400) == 0 &&
        memcmp(vsh_safetensors_find(&read.files[0], "b.weight")->data, weights + 100, 800) == 0 &&
        memcmp(vsh_safetensors_find(&read.files[1], "moment1")->data, moments, 1200) == 0;
    vsh_safetensors_close(&read.files[0]);
    vsh_safetensors_close(&read.files[1]);
    return same ? write : 0;
}

/* Steps of which a complete checkpoint can be found. */
static int complete_steps(vsh_arena *arena, const char *folder)
{
    int found = 0;

    for (int64_t step = 1; step <= 3; step++) {
        char plain[4096], old[4096];
        snprintf(plain, sizeof plain, "%s/step-%d", folder, (int)step);
        snprintf(old, sizeof old, "%s/step-%d.old", folder, (int)step);
        found += identify(arena, plain) > 0 || identify(arena, old) > 0;
    }
    return found;
}

static int complain(const char *what, int got)
{
    fprintf(stderr, "write_checkpoints: %s: %d\n", what, got);
    return 1;
}

/* 0 when all that is promised holds. */
static int judge(const char *folder, int status, int reported)
{
    vsh_arena arena = {NULL};
    const char *path, *warning;
    vsh_error err = {""};
    int newest, steps;

    if (status != 0 && status != 4 && status != 137)
        return complain("exit code", status);
    if (status == 0 && reported != WRITES)
        return complain("success without all writes", reported);
    if (vsh_checkpoint_newest(&arena, folder, &path, &warning, &err) != VSH_OK)
        return complain(err.text, 0);
    newest = path ? identify(&arena, path) : 0;
    if (path && !newest)
        return complain("the newest is none that was written", 0);
    if (*warning)
        return complain(warning, 0);
    if (newest != reported && newest != reported + 1)
        return complain("the newest is neither the last reported nor the next", newest);
    steps = complete_steps(&arena, folder);
    if (steps < KEEP && steps < (int)step_of[reported])
        return complain("an older one is lost; complete steps", steps);
    /* whatever was left is no hindrance */
    if (write_all(folder) != 0)
        return complain("writing again fails after write", newest);
    if (vsh_checkpoint_newest(&arena, folder, &path, &warning, &err) != VSH_OK || !path ||
        identify(&arena, path) != WRITES || *warning || complete_steps(&arena, folder) != KEEP)
        return complain("after writing again the folder is not as it should be", 0);
    vsh_arena_free(&arena);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "write") == 0)
        return write_all(argv[2]);
    if (argc == 5 && strcmp(argv[1], "judge") == 0)
        return judge(argv[2], atoi(argv[3]), atoi(argv[4]));
    fprintf(stderr, "usage: write_checkpoints write FOLDER | judge FOLDER STATUS REPORTED\n");
    return 2;
}
