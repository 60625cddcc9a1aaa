#include "trainer/data/token_data.h"

#include "tests/trainer/dataset_case.h"
#include "trainer/base/folder.h"

const char vsh_suite[] = "token_data";

static vsh_error err;
static char folder[64];

static vsh_dataset make(void)
{
    snprintf(folder, sizeof folder, "/tmp/vsh-token-data-XXXXXX");
    REQUIRE(mkdtemp(folder) != NULL);
    return case_dataset(folder, &err);
}

static void remove_folder(void) { CHECK_OK(vsh_folder_remove(folder, &err), &err); }

static vsh_status open_train(const vsh_dataset *dataset, vsh_token_data *data)
{
    return vsh_token_data_open(vsh_test_arena(), dataset, &dataset->train, data, &err);
}

static void a_split_is_its_shards_in_order(void)
{
    static const char want[] = "one text\377another\377a third one\377";
    vsh_dataset dataset = make();
    vsh_token_data data;
    int32_t id[sizeof want];

    REQUIRE_OK(open_train(&dataset, &data), &err);
    CHECK_INT(data.documents, 3);
    CHECK_INT(data.bytes, 26);
    REQUIRE(data.count == (int64_t)sizeof want - 1);
    vsh_token_data_read(&data, 0, data.count, id);
    for (int64_t i = 0; i < data.count; i++)
        CHECK_INT(id[i], want[i] == '\377' ? 256 : want[i]);
    CHECK_INT(vsh_token_data_begin(&data, 1), 9);
    CHECK_INT(vsh_token_data_begin(&data, 2), 17);
    CHECK_INT(vsh_token_data_begin(&data, 3), data.count);
    vsh_token_data_close(&data);
    vsh_token_data_close(&data); /* and again */
    remove_folder();
}

static void a_split_without_shards_is_empty(void)
{
    vsh_dataset dataset = make();
    const vsh_dataset_split none = {0};
    vsh_token_data data;

    REQUIRE_OK(vsh_token_data_open(vsh_test_arena(), &dataset, &none, &data, &err), &err);
    CHECK_INT(data.count, 0);
    CHECK_INT(data.documents, 0);
    vsh_token_data_close(&data);
    remove_folder();
}

static void the_hash_tells_other_tokens(void)
{
    vsh_dataset dataset = make();
    vsh_dataset_shard *shard = (vsh_dataset_shard *)dataset.train.shard;
    vsh_token_data first, other;

    REQUIRE_OK(open_train(&dataset, &first), &err);
    shard[1] = case_shard(folder, "train-00001-00000.safetensors",
                          (const char *const[]){"a third onf", NULL}, &err);
    REQUIRE_OK(open_train(&dataset, &other), &err);
    CHECK(first.hash != other.hash);
    vsh_token_data_close(&first);
    vsh_token_data_close(&other);
    remove_folder();
}

static void what_the_manifest_does_not_say_is_refused(void)
{
    vsh_dataset dataset = make();
    vsh_dataset_shard *shard = (vsh_dataset_shard *)dataset.train.shard;
    vsh_token_data data;

    shard[1].documents++;
    CHECK_FAILS(open_train(&dataset, &data), &err, VSH_EINPUT,
                "1 documents of 12 tokens, but the manifest says 2 of 12");
    shard[1].documents--;
    shard[1].tokens++;
    CHECK_FAILS(open_train(&dataset, &data), &err, VSH_EINPUT, "the manifest says 1 of 13");
    shard[1].tokens--;
    shard[1].hash ^= 1;
    CHECK_FAILS(open_train(&dataset, &data), &err, VSH_EINPUT, "train-00001-00000.safetensors");
    shard[1].hash ^= 1;
    CHECK_OK(open_train(&dataset, &data), &err);
    vsh_token_data_close(&data);
    unlink(vsh_path_join(vsh_test_arena(), folder, shard[0].file));
    CHECK_FAILS(open_train(&dataset, &data), &err, VSH_EINPUT, "No such file");
    remove_folder();
}

const vsh_test vsh_tests[] = {
    {"a_split_is_its_shards_in_order", a_split_is_its_shards_in_order},
    {"a_split_without_shards_is_empty", a_split_without_shards_is_empty},
    {"the_hash_tells_other_tokens", the_hash_tells_other_tokens},
    {"what_the_manifest_does_not_say_is_refused", what_the_manifest_does_not_say_is_refused},
    {NULL, NULL}};
