/* Folders that were seen, whatever path led to them. */
#ifndef VSH_FOLDER_SET_H
#define VSH_FOLDER_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"

/* Open addressing; zero-initialize but for the arena. */
typedef struct {
    vsh_arena *arena;
    struct vsh_folder_key {
        uint64_t device, inode;
        bool used;
    } * key;
    int64_t count, capacity;
} vsh_folder_set;

/* *seen: it was there before. false when memory ends. */
bool vsh_folder_set_add(vsh_folder_set *set, uint64_t device, uint64_t inode, bool *seen);

#endif
