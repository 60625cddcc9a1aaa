/* What memory there is left to take, and what this process has taken. */
#ifndef VSH_MEMORY_H
#define VSH_MEMORY_H

#include <stdint.h>

/* Bytes a new process may still take: MemAvailable and what the limits of the control groups
 * around this process leave, the least. Pages reserved but not yet touched count as free. */
int64_t vsh_memory_available(void);
/* The same of a system whose files are below root, for tests: root/proc, root/sys. */
int64_t vsh_memory_available_at(const char *root);

/* Resident bytes of this process now and at most so far; 0 when the system does not say. */
int64_t vsh_memory_resident(void);
int64_t vsh_memory_resident_peak(void);

#endif
