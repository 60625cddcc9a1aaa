/* A trainer's tensors as files of a checkpoint, and back. */
#ifndef VSH_SNAPSHOT_H
#define VSH_SNAPSHOT_H

#include "core/text.h"
#include "trainer/run/checkpoint.h"
#include "trainer/run/trainer.h"

enum { VSH_SNAPSHOT_FILES = 2 };

/* model.safetensors and optimizer.safetensors; the data stays where it is. Names and array are the
 * arena's. VSH_EMACHINE for memory. */
vsh_status vsh_snapshot_files(vsh_arena *arena, const vsh_trainer *trainer,
                              vsh_checkpoint_file files[VSH_SNAPSHOT_FILES], vsh_error *err);

/* Copies what was read into the trainer. VSH_EINPUT when a tensor is missing, too many, or of
 * another shape or type: the first five differences; or when a weight is not finite. */
vsh_status vsh_snapshot_restore(const vsh_checkpoint_read_result *read, const char *path,
                                vsh_trainer *trainer, vsh_error *err);
/* Weights alone, into an array of the list's elements (stored as element), for evaluation. Matrices
 * may be 8-bit ones: NAME as I8 with NAME_scale as F32 (rows, 1) beside it (docs/compress.md).
 * *quantized (may be NULL): some are. */
vsh_status vsh_snapshot_weights(const vsh_safetensors *file, const char *path,
                                const vsh_parameter_list *list, vsh_element element, void *weights,
                                bool *quantized, vsh_error *err);

/* tensors (list->count) of an array of weights; the data stays where it is. */
void vsh_snapshot_tensors(const vsh_parameter_list *list, vsh_element element, const void *weights,
                          vsh_safetensor *tensors);
/* The 8-bit form of a parameter: tensors[0] its numbers, tensors[1] their scales; name (of
 * VSH_SNAPSHOT_SCALE_NAME bytes) becomes the name of the second. */
enum { VSH_SNAPSHOT_SCALE_NAME = VSH_PARAMETER_NAME + 8 };
void vsh_snapshot_int8(const vsh_parameter *parameter, const int8_t *q, const float *scale,
                       char *name, vsh_safetensor tensors[2]);

/* config.json as Hugging Face Transformers reads it for Llama and Mixtral; "vishwa" otherwise. */
void vsh_snapshot_config_json(const vsh_model *model, vsh_precision precision, vsh_text *out);

#endif
