#include "core/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"

const char vsh_suite[] = "library";

/* Two roots in a fresh folder:
 *
 *   a/models/{zebra,both}.yaml, a/models/{notes.txt,.hidden.yaml}    b/models/{apple,both}.yaml
 */
static char base[64], root_a[96], root_b[96];

static const char *const kept_files[] = {"a/models/zebra.yaml", "a/models/both.yaml",
                                         "a/models/notes.txt", "a/models/.hidden.yaml",
                                         "b/models/apple.yaml", "b/models/both.yaml"};
static const char *const kept_folders[] = {"a", "b", "a/models", "b/models"};

static void make_shelves(void)
{
    char path[256];

    snprintf(base, sizeof base, "/tmp/vsh-library-XXXXXX");
    REQUIRE(mkdtemp(base) != NULL);
    snprintf(root_a, sizeof root_a, "%s/a", base);
    snprintf(root_b, sizeof root_b, "%s/b", base);
    for (size_t i = 0; i < sizeof kept_folders / sizeof kept_folders[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", base, kept_folders[i]);
        REQUIRE(mkdir(path, 0700) == 0);
    }
    for (size_t i = 0; i < sizeof kept_files / sizeof kept_files[0]; i++) {
        FILE *file;
        snprintf(path, sizeof path, "%s/%s", base, kept_files[i]);
        file = fopen(path, "w");
        REQUIRE(file != NULL);
        fclose(file);
    }
}

static void drop_shelves(void)
{
    char path[256];

    for (size_t i = 0; i < sizeof kept_files / sizeof kept_files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", base, kept_files[i]);
        unlink(path);
    }
    for (size_t i = sizeof kept_folders / sizeof kept_folders[0]; i-- > 0;) {
        snprintf(path, sizeof path, "%s/%s", base, kept_folders[i]);
        rmdir(path);
    }
    rmdir(base);
}

static vsh_library two_roots(void)
{
    return (vsh_library){{root_a, NULL, root_b, "/tmp/vsh-no-such-root"}};
}

static void names_are_listed_sorted_and_once(void)
{
    const char *names[VSH_LIBRARY_NAMES];
    size_t count = 0;
    vsh_library library;
    vsh_error err;

    make_shelves();
    library = two_roots();
    CHECK_OK(vsh_library_list(vsh_test_arena(), &library, "models", names, &count, &err), &err);
    CHECK_INT((int64_t)count, 3);
    if (count == 3) {
        CHECK_TEXT(names[0], "apple");
        CHECK_TEXT(names[1], "both");
        CHECK_TEXT(names[2], "zebra");
    }
    drop_shelves();
}

static void the_first_root_wins(void)
{
    vsh_library library;
    const char *path = NULL;
    vsh_error err;

    make_shelves();
    library = two_roots();
    CHECK_OK(vsh_library_find(vsh_test_arena(), &library, "models", "--model: no model", "both",
                              &path, &err),
             &err);
    CHECK(path && strncmp(path, root_a, strlen(root_a)) == 0);
    CHECK_OK(vsh_library_find(vsh_test_arena(), &library, "models", "--model: no model", "apple",
                              &path, &err),
             &err);
    CHECK(path && strncmp(path, root_b, strlen(root_b)) == 0);
    drop_shelves();
}

static void a_misspelt_name_is_answered_with_the_nearest(void)
{
    vsh_library library;
    const char *path = NULL;
    vsh_error err;

    make_shelves();
    library = two_roots();
    CHECK_FAILS(vsh_library_find(vsh_test_arena(), &library, "models", "--model: no model", "zebr",
                                 &path, &err),
                &err, VSH_EINPUT, "--model: no model \"zebr\"; did you mean zebra?");
    CHECK(path == NULL);
    CHECK_FAILS(vsh_library_find(vsh_test_arena(), &library, "models", "--model: no model",
                                 "quite different", &path, &err),
                &err, VSH_EINPUT, "--model: no model \"quite different\"");
    CHECK(strstr(err.text, "did you mean") == NULL);
    drop_shelves();
}

static void a_path_is_taken_as_it_is(void)
{
    static const char *const paths[] = {"./zebra", "/nowhere/x", "../models/zebra", "my.yaml",
                                        "my.yml", "config.json"};
    vsh_library library = {{NULL, NULL, NULL, NULL}};
    vsh_error err;

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const char *path = NULL;
        CHECK_OK(vsh_library_find(vsh_test_arena(), &library, "models", "--model: no model",
                                  paths[i], &path, &err),
                 &err);
        CHECK_TEXT(path, paths[i]);
    }
}

static void strange_names_are_refused_and_never_open_a_path(void)
{
    static const char *const names[] = {"", ".", "..", " ", "%s%n", "zebra\n", "*", "$(id)", "-"};
    vsh_library library;
    char long_name[6000];
    const char *path = NULL;
    vsh_error err;

    make_shelves();
    library = two_roots();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CHECK_FAILS(vsh_library_find(vsh_test_arena(), &library, "models", "--model: no model",
                                     names[i], &path, &err),
                    &err, VSH_EINPUT, "--model: no model");
    memset(long_name, 'q', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    CHECK_FAILS(vsh_library_find(vsh_test_arena(), &library, "models", "--model: no model",
                                 long_name, &path, &err),
                &err, VSH_EINPUT, "--model: no model");
    CHECK(path == NULL);
    drop_shelves();
}

static void what_ships_is_found_from_the_root_of_the_tree(void)
{
    static const struct {
        const char *shelf, *name;
    } shipped[] = {{"hwprofiles", "tpu-v5e"}, {"hwprofiles", "a100-80gb"},
                   {"hwprofiles", "h100-sxm"}, {"models", "tiny-dense"}, {"models", "tiny-moe"}};
    vsh_library library = vsh_library_open(vsh_test_arena(), NULL);
    vsh_error err;

    for (size_t i = 0; i < sizeof shipped / sizeof shipped[0]; i++) {
        const char *path = NULL;
        CHECK_OK(vsh_library_find(vsh_test_arena(), &library, shipped[i].shelf, "no file",
                                  shipped[i].name, &path, &err),
                 &err);
        CHECK(path && access(path, R_OK) == 0);
    }
}

static void the_folder_of_the_environment_comes_first(void)
{
    vsh_library library;
    const char *path = NULL;
    vsh_error err;

    make_shelves();
    library = vsh_library_open(vsh_test_arena(), root_a);
    CHECK_OK(vsh_library_find(vsh_test_arena(), &library, "models", "no model", "zebra", &path,
                              &err),
             &err);
    CHECK(path && strncmp(path, root_a, strlen(root_a)) == 0);
    drop_shelves();
}

static void a_program_stands_beside_the_running_one(void)
{
    const char *path;
    vsh_error err;

    REQUIRE_OK(vsh_library_program(vsh_test_arena(), "test_library", &path, &err), &err);
    CHECK(path[0] == '/');
    CHECK_HAS(path, "/test_library");
    CHECK_FAILS(vsh_library_program(vsh_test_arena(), "no-such-program", &path, &err), &err,
                VSH_EMACHINE, "/no-such-program: No such file or directory; it belongs beside");
}

const vsh_test vsh_tests[] = {
    {"names_are_listed_sorted_and_once", names_are_listed_sorted_and_once},
    {"the_first_root_wins", the_first_root_wins},
    {"a_misspelt_name_is_answered_with_the_nearest", a_misspelt_name_is_answered_with_the_nearest},
    {"a_path_is_taken_as_it_is", a_path_is_taken_as_it_is},
    {"strange_names_are_refused_and_never_open_a_path",
     strange_names_are_refused_and_never_open_a_path},
    {"what_ships_is_found_from_the_root_of_the_tree", what_ships_is_found_from_the_root_of_the_tree},
    {"the_folder_of_the_environment_comes_first", the_folder_of_the_environment_comes_first},
    {"a_program_stands_beside_the_running_one", a_program_stands_beside_the_running_one},
    {NULL, NULL}};
