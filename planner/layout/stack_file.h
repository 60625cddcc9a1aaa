/* A profile with one more stack, as a file. */
#ifndef VSH_STACK_FILE_H
#define VSH_STACK_FILE_H

#include "core/text.h"
#include "planner/layout/stack_constants.h"

/* Stands in the first line of what vsh_stack_file_write writes. */
extern const char vsh_stack_file_mark[];

/* The profile of the document as YAML, with this stack after its others, or in place of the one of
 * its name; figures that are not known are left out. VSH_EINPUT for a profile that would not be
 * read back (too many stacks, a name that cannot be). */
vsh_status vsh_stack_file_write(vsh_arena *arena, const vsh_doc *profile,
                                const vsh_stack_figures *stack, vsh_text *out, vsh_error *err);

#endif
