/* Runs a fuzz target over every file of its corpus, and over cuts and flips of each: what a plain
 * compiler can do of fuzzing in a second. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "tests/fuzz/target.h"

enum { BYTES_MAX = 1 << 16, FLIPS = 200 };

static int run_file(const char *path, uint64_t stream)
{
    static uint8_t bytes[BYTES_MAX], changed[BYTES_MAX];
    FILE *file = fopen(path, "rb");
    size_t length;

    if (!file)
        return 0;
    length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, length);
    for (uint64_t i = 0; i < FLIPS && length > 0; i++) {
        size_t at = (size_t)(vsh_random_uniform(1, stream, 3 * i) * (double)length);
        LLVMFuzzerTestOneInput(bytes, at); /* cut there */
        memcpy(changed, bytes, length);
        changed[at] = (uint8_t)(256 * vsh_random_uniform(1, stream, 3 * i + 1));
        at = (size_t)(vsh_random_uniform(1, stream, 3 * i + 2) * (double)length);
        changed[at] ^= (uint8_t)(1u << (i % 8));
        LLVMFuzzerTestOneInput(changed, length);
    }
    return 1;
}

int main(int argc, char **argv)
{
    char path[4096];
    const struct dirent *entry;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    int files = 0;

    if (!folder) {
        fprintf(stderr, "usage: fuzz_NAME CORPUS_FOLDER\n");
        return 2;
    }
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        files += run_file(path, (uint64_t)files);
    }
    closedir(folder);
    printf("%d passed, %d failed\n", files, files == 0);
    return files == 0;
}
