#include "core/doc_write.h"

#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "doc_write";

static vsh_error err;

static const char *written(const vsh_doc *doc)
{
    vsh_text text = {.arena = vsh_test_arena()};

    for (const vsh_node *node = doc->root->first; node; node = node->next)
        vsh_node_write(node, 0, &text);
    return vsh_text_string(&text);
}

static bool same(const vsh_node *a, const vsh_node *b)
{
    const vsh_node *x = a->first, *y = b->first;

    if (a->kind != b->kind || a->child_count != b->child_count ||
        vsh_node_is_null(a) != vsh_node_is_null(b))
        return false;
    if (a->key && strcmp(a->key, b->key) != 0)
        return false;
    if (a->kind == VSH_NODE_SCALAR && !vsh_node_is_null(a) && strcmp(a->text, b->text) != 0)
        return false;
    for (; x; x = x->next, y = y->next)
        if (!same(x, y))
            return false;
    return true;
}

static void comes_back(const char *text)
{
    vsh_doc doc = vsh_test_doc(text), again;
    const char *out = written(&doc);

    REQUIRE_OK(vsh_doc_parse(vsh_test_arena(), "again", out, strlen(out), &again, &err), &err);
    CHECK(same(doc.root, again.root));
}

static void trees_come_back(void)
{
    comes_back("a: 1\nb: {c: 2 GB, d: {e: [1, 2, [x]], f: {}}}\ng: []\n");
    comes_back("{\"a\": {\"b\": [{\"c\": 1}]}, \"d\": \"e\"}");
}

static void texts_come_back_whatever_they_hold(void)
{
    comes_back("a: \"x: y, {z} # \\\"q\\\" \\\\ 'r'\"\nb: plain, with [comma]\nc: '- d'\n"
               "\"k: 1\": \"null\"\n\"\": v\ne: \"\"\nf: \xc3\xa9t\xc3\xa9\ng: \" h \"\n");
}

static void nothing_stays_nothing_and_its_word_a_word(void)
{
    vsh_doc doc = vsh_test_doc("a: ~\nb:\nc: \"null\"\nd: null\n");

    CHECK_TEXT(written(&doc), "a: null\nb: null\nc: \"null\"\nd: null\n");
}

static void numbers_stay_plain_and_maps_of_maps_are_blocks(void)
{
    vsh_doc doc = vsh_test_doc("a: {b: {c: 1.5e-6 s, d: -2}, e: 25 GB/s}\n");

    CHECK_TEXT(written(&doc), "a:\n  b: {c: 1.5e-6 s, d: -2}\n  e: 25 GB/s\n");
}

const vsh_test vsh_tests[] = {
    {"trees_come_back", trees_come_back},
    {"texts_come_back_whatever_they_hold", texts_come_back_whatever_they_hold},
    {"nothing_stays_nothing_and_its_word_a_word", nothing_stays_nothing_and_its_word_a_word},
    {"numbers_stay_plain_and_maps_of_maps_are_blocks",
     numbers_stay_plain_and_maps_of_maps_are_blocks},
    {NULL, NULL}};
