/* The C face of SentencePiece; tokenizer.c is its only user. */
#ifndef VSH_SPM_SHIM_H
#define VSH_SPM_SHIM_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A processor of a model that vsh_spm_model_write has made; NULL, and the reason in why. */
void *vsh_spm_open(const char *model, size_t length, char *why, size_t why_bytes);
void vsh_spm_close(void *processor);

/* Gives the ids of a text to sink at once; false, and the reason in why. Threads may share a
 * processor. */
typedef bool vsh_spm_sink(void *context, const int *ids, size_t count);
bool vsh_spm_encode(const void *processor, const char *text, size_t length, vsh_spm_sink *sink,
                    void *context, char *why, size_t why_bytes);

#ifdef __cplusplus
}
#endif
#endif
