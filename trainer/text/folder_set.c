#include "trainer/text/folder_set.h"

#include "trainer/base/hash64.h"

typedef struct vsh_folder_key folder_key;

/* Its place, or the free one where it belongs. */
static folder_key *find(const vsh_folder_set *set, uint64_t device, uint64_t inode)
{
    int64_t i = (int64_t)(vsh_hash64_pair(device, inode) % (uint64_t)set->capacity);

    while (set->key[i].used && (set->key[i].device != device || set->key[i].inode != inode))
        i = (i + 1) % set->capacity;
    return &set->key[i];
}

static bool grow(vsh_folder_set *set)
{
    vsh_folder_set larger = {.arena = set->arena,
                             .count = set->count,
                             .capacity = set->capacity ? 2 * set->capacity : 64};

    larger.key = vsh_alloc(set->arena, (size_t)larger.capacity, sizeof *larger.key);
    if (!larger.key)
        return false;
    for (int64_t i = 0; i < set->capacity; i++)
        if (set->key[i].used)
            *find(&larger, set->key[i].device, set->key[i].inode) = set->key[i];
    *set = larger;
    return true;
}

bool vsh_folder_set_add(vsh_folder_set *set, uint64_t device, uint64_t inode, bool *seen)
{
    folder_key *key;

    if (2 * set->count >= set->capacity && !grow(set))
        return false;
    key = find(set, device, inode);
    *seen = key->used;
    set->count += !key->used;
    *key = (folder_key){device, inode, true};
    return true;
}
