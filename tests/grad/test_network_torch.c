#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/grad/dump.h"
#include "tests/grad/fast.h"

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

/* What both networks were given. */
static network_dump dump_of(const ready_case *c)
{
    return (network_dump){.name = c->made_from->name,
                          .model = c->model,
                          .options = &c->options,
                          .list = &c->list,
                          .weights = c->weights,
                          .gradients = c->gradients,
                          .sequences = c->sequences,
                          .seq = c->seq,
                          .inputs = c->inputs,
                          .ids = c->ids};
}

/* error is added to one gradient. */
static void dump_naive(const char *folder, const network_case *made_from, double error)
{
    ready_case *c = case_ready(made_from);
    network_dump dump = dump_of(c);

    dump.loss = case_loss(c, c->gradients, NULL);
    dump.loss_tolerance = 1e-10;
    dump.gradient_tolerance = 1e-9;
    dump.gradient_floor = 1e-3;
    c->gradients[c->offsets.layer[0].norm[0]] += error;
    dump_network(folder, &dump);
}

/* The network that trains, fp32. error is a share of the largest gradient of all. */
static void dump_fast(const char *folder, const network_case *made_from, double error)
{
    ready_case *c = judged_case(made_from);
    network_dump dump = dump_of(c);
    running r = start(c, &(manner){.threads = 2});
    double largest = 0;

    train(c, &r, false);
    for (int64_t i = 0; i < c->list.elements; i++) {
        c->gradients[i] = gradient_at(&r, i);
        largest = fmax(largest, fabs(c->gradients[i]));
    }
    for (int64_t i = 0; i < c->list.count; i++) /* what is not trained has none */
        for (int64_t e = 0; !c->list.item[i].trained && e < c->list.item[i].rows; e++)
            c->gradients[c->list.item[i].offset + e] = 0;
    c->gradients[c->offsets.layer[0].norm[0]] += error * largest;
    dump.loss = r.report.joint + r.report.balance + r.report.z;
    dump.loss_tolerance = 1e-5;
    dump.gradient_tolerance = 1e-4;
    dump.gradient_floor = 1e-2;
    dump_network(folder, &dump);
    stop(&r);
}

typedef void dumper(const char *folder, const network_case *made_from, double error);

/* PyTorch's verdict on what is in a folder, which goes. */
static void check_verdict(const char *folder, int verdict)
{
    int code = run_script(folder);

    remove_folder(folder);
    if (code == NO_TORCH)
        vsh_skip("python3-torch is not installed");
    else
        CHECK_INT(code, verdict);
}

static void check_every_case(dumper *dump)
{
    char folder[] = "/tmp/vsh-torch-XXXXXX";

    REQUIRE(mkdtemp(folder) != NULL);
    for (int i = 0; i < NETWORK_CASES; i++)
        dump(folder, &network_cases[i], 0);
    for (int i = 0; i < LARGE_CASES; i++)
        dump(folder, &large_cases[i], 0);
    check_verdict(folder, 0);
}

static void the_naive_network_agrees_with_pytorch_on_every_kind_of_model(void)
{
    check_every_case(dump_naive);
}

static void the_fast_network_agrees_with_pytorch_on_every_kind_of_model(void)
{
    check_every_case(dump_fast);
}

static void check_error_is_seen(dumper *dump, double error)
{
    char folder[] = "/tmp/vsh-torch-XXXXXX";

    REQUIRE(mkdtemp(folder) != NULL);
    dump(folder, &network_cases[0], error);
    check_verdict(folder, 1);
}

static void the_comparison_with_pytorch_sees_a_small_error(void)
{
    check_error_is_seen(dump_naive, 1e-6);
    check_error_is_seen(dump_fast, 3e-4);
}

const vsh_test vsh_tests[] = {{"the_naive_network_agrees_with_pytorch_on_every_kind_of_model",
                               the_naive_network_agrees_with_pytorch_on_every_kind_of_model},
                              {"the_fast_network_agrees_with_pytorch_on_every_kind_of_model",
                               the_fast_network_agrees_with_pytorch_on_every_kind_of_model},
                              {"the_comparison_with_pytorch_sees_a_small_error",
                               the_comparison_with_pytorch_sees_a_small_error},
                              {NULL, NULL}};
