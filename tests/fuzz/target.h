/* The entry point libFuzzer calls and replay.c calls alike; it aborts when a property is broken. */
#ifndef VSH_FUZZ_TARGET_H
#define VSH_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#endif
