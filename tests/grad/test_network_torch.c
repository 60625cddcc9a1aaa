#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/grad/dump.h"
#include "tests/grad/models.h"

const char vsh_suite[] = "network_torch";

enum { NO_TORCH = 77 };

/* Exit code of the script over a folder, by the first Python that has PyTorch. */
static int run_script(const char *folder)
{
    static const char *const pythons[] = {"python3", "/usr/bin/python3"};
    int code = NO_TORCH;

    for (int i = 0; i < 2 && (code == NO_TORCH || code == 127); i++) {
        char command[600];
        int status;
        snprintf(command, sizeof command, "%s tests/grad/torch_check.py %s 1>&2", pythons[i],
                 folder);
        status = system(command);
        code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
    return code == 127 ? NO_TORCH : code;
}

static void remove_folder(const char *folder)
{
    DIR *list = opendir(folder);

    REQUIRE(list != NULL);
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        char path[600];
        snprintf(path, sizeof path, "%s/%.255s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            CHECK(unlink(path) == 0);
    }
    closedir(list);
    CHECK(rmdir(folder) == 0);
}

static void dump_case(const char *folder, const network_case *made_from, double error)
{
    ready_case *c = case_ready(made_from);
    double loss = case_loss(c, c->gradients, NULL);
    network_dump dump = {.name = made_from->name,
                         .model = c->model,
                         .options = &c->options,
                         .list = &c->list,
                         .weights = c->weights,
                         .gradients = c->gradients,
                         .sequences = CASE_SEQUENCES,
                         .seq = CASE_SEQ,
                         .inputs = c->inputs,
                         .targets = &c->targets,
                         .loss = loss,
                         .loss_tolerance = 1e-10,
                         .gradient_tolerance = 1e-9};

    c->gradients[c->offsets.layer[0].norm[0]] += error;
    dump_network(folder, &dump);
}

static void the_naive_network_agrees_with_pytorch_on_every_kind_of_model(void)
{
    char folder[] = "/tmp/vsh-torch-XXXXXX";
    int code;

    REQUIRE(mkdtemp(folder) != NULL);
    for (int i = 0; i < NETWORK_CASES; i++)
        dump_case(folder, &network_cases[i], 0);
    code = run_script(folder);
    remove_folder(folder);
    if (code == NO_TORCH)
        vsh_skip("python3-torch is not installed");
    else
        CHECK_INT(code, 0);
}

static void the_comparison_with_pytorch_sees_a_small_error(void)
{
    char folder[] = "/tmp/vsh-torch-XXXXXX";
    int code;

    REQUIRE(mkdtemp(folder) != NULL);
    dump_case(folder, &network_cases[0], 1e-6);
    code = run_script(folder);
    remove_folder(folder);
    if (code == NO_TORCH)
        vsh_skip("python3-torch is not installed");
    else
        CHECK_INT(code, 1);
}

const vsh_test vsh_tests[] = {{"the_naive_network_agrees_with_pytorch_on_every_kind_of_model",
                               the_naive_network_agrees_with_pytorch_on_every_kind_of_model},
                              {"the_comparison_with_pytorch_sees_a_small_error",
                               the_comparison_with_pytorch_sees_a_small_error},
                              {NULL, NULL}};
