/* MAP_ANONYMOUS and MADV_HUGEPAGE are not in POSIX. */
#define _DEFAULT_SOURCE

#include "trainer/base/block.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/text.h"

/* Of x86-64 and, with pages of 4 KiB, of arm64. */
static const size_t huge_page = (size_t)2 << 20;

static size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

static size_t mapped_bytes(int64_t bytes)
{
    return round_up((size_t)bytes, (size_t)sysconf(_SC_PAGESIZE));
}

/* Whole pages that begin where a huge page may: what is before and after is given back. */
static void *map_aligned(size_t bytes)
{
    size_t spare = bytes >= huge_page ? huge_page : 0, before;
    char *map =
        mmap(NULL, bytes + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED)
        return NULL;
    if (!spare)
        return map;
    before = round_up((size_t)(uintptr_t)map, huge_page) - (size_t)(uintptr_t)map;
    if (before)
        munmap(map, before);
    if (spare - before)
        munmap(map + before + bytes, spare - before);
    return map + before;
}

vsh_status vsh_block_reserve(const char *what, int64_t bytes, vsh_place place, vsh_block *block,
                             vsh_error *err)
{
    int64_t left = vsh_memory_available();
    size_t length;

    assert(what && bytes > 0 && block);
    *block = (vsh_block){0};
    if (bytes > left)
        return vsh_fail(err, VSH_EMACHINE, "%s: needs %s, the machine has %s free", what,
                        vsh_show_bytes((double)bytes).text, vsh_show_bytes((double)left).text);
    length = mapped_bytes(bytes);
    block->data = map_aligned(length);
    if (!block->data)
        return vsh_fail(err, VSH_EMACHINE, "%s: needs %s, the machine has %s free: %s", what,
                        vsh_show_bytes((double)bytes).text, vsh_show_bytes((double)left).text,
                        strerror(errno));
    block->bytes = bytes;
    /* wishes: without huge pages or nodes the memory is as good, only slower */
    madvise(block->data, length, MADV_HUGEPAGE);
    if (place == VSH_PLACE_INTERLEAVED)
        vsh_numa_interleave(block->data, length);
    return VSH_OK;
}

void vsh_block_release(vsh_block *block)
{
    assert(block);
    if (block->data)
        munmap(block->data, mapped_bytes(block->bytes));
    *block = (vsh_block){0};
}
