#include "core/model_write.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tests/same_model.h"

const char vsh_suite[] = "model_write";

static vsh_error err;
static vsh_model first, second;

static const char *written(const vsh_model *model, const char *indent)
{
    vsh_text out = {.arena = vsh_test_arena()};

    vsh_model_write(model, indent, &out);
    REQUIRE(!out.failed);
    return vsh_text_string(&out);
}

static void read_back(const char *text, vsh_model *model)
{
    vsh_doc doc;

    REQUIRE_OK(vsh_doc_parse(vsh_test_arena(), "written.yaml", text, strlen(text), &doc, &err),
               &err);
    REQUIRE_OK(vsh_model_from_doc(&doc, model, &err), &err);
}

static void check_round_trip(const vsh_model *model)
{
    const char *text = written(model, "");

    read_back(text, &second);
    check_same_model(model, &second);
    CHECK_TEXT(written(&second, ""), text);
}

static bool is_yaml(const char *name)
{
    size_t length = strlen(name);

    return length > 5 && strcmp(name + length - 5, ".yaml") == 0;
}

static void every_shipped_model_reads_back_as_it_was_written(void)
{
    DIR *shelf = opendir("models");
    int models = 0;

    REQUIRE(shelf != NULL);
    for (struct dirent *entry; (entry = readdir(shelf)) != NULL;) {
        char path[300];
        if (!is_yaml(entry->d_name))
            continue;
        snprintf(path, sizeof path, "models/%.255s", entry->d_name);
        REQUIRE_OK(vsh_model_read(vsh_test_arena(), path, &first, &err), &err);
        check_round_trip(&first);
        models++;
    }
    closedir(shelf);
    CHECK(models >= 30);
}

/* No value is a default; latent attention has none of the rest. */
#define LATENT "latent: {q_rank: 11, kv_rank: 12, nope_dim: 6, rope_dim: 4, v_dim: 8}\n"
#define SHARING "cross_layer: 2\nsinks: true\nqk_norm: head\nbias: attention\n"
#define EVERY_OTHER_KEY                                                                            \
    "name: everything\nsource: 'a paper, section 3: \"sizes\"'\npublished_parameters: 12345\n"     \
    "layers: 7\nhidden: 48\nheads: 6\nkv_heads: 3\nhead_dim: 10\nffn: 77\nmlp: geglu\n"            \
    "norm: layer_no_bias\nnorms_per_layer: 4\nposition: alibi\n"                                   \
    "position_offset: 2\nembedding_norm: true\nembedding_dim: 24\nfinal_norm: false\n"             \
    "vocab: 300\ncontext: 64\ntied: true\nwindow: 5\nfull_every: 3\n"                              \
    "exits: [2, 5]\n"                                                                              \
    "experts: {count: 4, top_k: 2, hidden: 30, every: 2, first_dense: 1, shared: 3, "              \
    "shared_hidden: 9, shared_gate: true, router_bias: true, correction_bias: true, "              \
    "expert_bias: true, granularity: 3, capacity: 1.1}\n"

static void every_key_reads_back_as_it_was_written(void)
{
    first = vsh_test_model(EVERY_OTHER_KEY SHARING);
    CHECK_INT(first.experts.count, 12);
    CHECK_INT(first.experts.hidden, 10);
    check_round_trip(&first);
    first = vsh_test_model(EVERY_OTHER_KEY LATENT);
    check_round_trip(&first);
}

static void what_a_model_leaves_out_reads_back_as_the_default(void)
{
    first = vsh_test_model("layers: 2\nhidden: 8\nheads: 2\nffn: 16\nvocab: 10\ncontext: 4\n");
    check_round_trip(&first);
    CHECK(first.source == NULL);
    CHECK(strstr(written(&first, ""), "source") == NULL);
    CHECK(strstr(written(&first, ""), "experts") == NULL);
}

static void a_capacity_keeps_every_bit(void)
{
    static const char *const factors[] = {"dropless",           "1",   "1.25", "1.3333333333333333",
                                          "1.0000000000000002", "1000"};

    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
        char text[300];
        snprintf(text, sizeof text,
                 "layers: 1\nhidden: 8\nheads: 1\nvocab: 10\ncontext: 4\n"
                 "experts: {count: 4, top_k: 1, hidden: 8, capacity: %s}\n",
                 factors[i]);
        read_back(text, &first);
        check_round_trip(&first);
    }
}

/* The width of experts that every token uses is kept even when there are none, and granularity
 * changes hidden, from which it came. */
static void shared_width_survives_granularity(void)
{
    first = vsh_test_model("layers: 1\nhidden: 8\nheads: 1\nvocab: 10\ncontext: 4\n"
                           "experts: {count: 4, top_k: 1, hidden: 8, granularity: 4}\n");
    CHECK_INT(first.experts.hidden, 2);
    CHECK_INT(first.experts.shared_hidden, 8);
    check_round_trip(&first);
}

static void names_are_kept_whatever_they_look_like(void)
{
    static const char *const names[] = {
        "plain", "it's",        "''", "'",           "a \"b\" c", "true",
        "null",  "12",          "~",  "# none",      "a: b",      "{a}",
        "[x]",   " ends here ", "",   "back\\slash", "- dash",    "\xc3\xa9t\xc3\xa9",
        "%YAML", "100% %s %d"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        first = vsh_test_model("layers: 1\nhidden: 8\nheads: 2\nffn: 16\nvocab: 10\ncontext: 4\n");
        first.name = first.source = names[i];
        check_round_trip(&first);
    }
}

static void an_indented_model_is_a_map_inside_another(void)
{
    vsh_text out = {.arena = vsh_test_arena()};
    vsh_doc doc, inside;

    first = vsh_test_model(EVERY_OTHER_KEY SHARING);
    vsh_text_add(&out, "before: 1\nmodel:\n%safter: 2\n", written(&first, "   "));
    REQUIRE_OK(vsh_doc_parse(vsh_test_arena(), "run.yaml", out.data, out.length, &doc, &err), &err);
    CHECK_INT(doc.root->child_count, 3);
    inside = (vsh_doc){"run.yaml", vsh_node_get(doc.root, "model")};
    REQUIRE(inside.root != NULL);
    REQUIRE_OK(vsh_model_from_doc(&inside, &second, &err), &err);
    check_same_model(&first, &second);
}

const vsh_test vsh_tests[] = {
    {"every_shipped_model_reads_back_as_it_was_written",
     every_shipped_model_reads_back_as_it_was_written},
    {"every_key_reads_back_as_it_was_written", every_key_reads_back_as_it_was_written},
    {"what_a_model_leaves_out_reads_back_as_the_default",
     what_a_model_leaves_out_reads_back_as_the_default},
    {"a_capacity_keeps_every_bit", a_capacity_keeps_every_bit},
    {"shared_width_survives_granularity", shared_width_survives_granularity},
    {"names_are_kept_whatever_they_look_like", names_are_kept_whatever_they_look_like},
    {"an_indented_model_is_a_map_inside_another", an_indented_model_is_a_map_inside_another},
    {NULL, NULL}};
