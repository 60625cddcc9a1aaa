/* A folder of a test's own. */
#ifndef VSH_TEST_FOLDER_H
#define VSH_TEST_FOLDER_H

#include <stdio.h>
#include <stdlib.h>

#include "core/text.h"
#include "tests/harness.h"
#include "trainer/base/folder.h"

/* The one that was made last, without a slash at the end; "" when there is none. */
static char test_folder[64];

/* A new and empty one. */
static inline const char *folder_of_test(void)
{
    snprintf(test_folder, sizeof test_folder, "/tmp/vsh-test-XXXXXX");
    REQUIRE(mkdtemp(test_folder) != NULL);
    return test_folder;
}

/* With all that is in it. */
static inline void remove_test_folder(void)
{
    vsh_error error;

    if (*test_folder)
        REQUIRE_OK(vsh_folder_remove(test_folder, &error), &error);
    *test_folder = '\0';
}

/* A name in it. */
static inline const char *at_path(const char *name)
{
    vsh_text path = {.arena = vsh_test_arena()};

    vsh_text_add(&path, "%s/%s", test_folder, name);
    return vsh_text_string(&path);
}

#endif
