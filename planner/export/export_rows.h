/* Tables of key <- what the plan says, and how they read as YAML, TOML, Python or words of a
 * shell. Text that came from a file is quoted, never evaluated. */
#ifndef VSH_EXPORT_ROWS_H
#define VSH_EXPORT_ROWS_H

#include "planner/export/export.h"

typedef enum {
    VSH_ROW_NUMBER, /* as it stands: a number, a list, true or false */
    VSH_ROW_TEXT,   /* quoted */
    VSH_ROW_FLAG    /* of a command line: no value */
} vsh_row_kind;

/* Appends the value; false: the plan does not say, and the key is left out. */
typedef bool vsh_row_get(const vsh_export_run *run, vsh_text *out);

typedef struct {
    const char *section; /* the heading above it, of TOML its table; rows of one stand together */
    const char *key;
    vsh_row_kind kind;
    vsh_row_get *get;
} vsh_export_row;

/* Each list is closed by a NULL key. */
void vsh_rows_yaml(const vsh_export_run *run, const vsh_export_row *rows, vsh_text *out);
void vsh_rows_toml(const vsh_export_run *run, const vsh_export_row *rows, vsh_text *out);
/* Arguments of a call: "    key=value,". */
void vsh_rows_python(const vsh_export_run *run, const vsh_export_row *rows, vsh_text *out);
/* Words of a command line, each line ended by a backslash: "    --key 'value' \". */
void vsh_rows_shell(const vsh_export_run *run, const vsh_export_row *rows, vsh_text *out);

/* "# what", then what the plan is and what was asked, one comment a line. */
void vsh_export_heading(const vsh_export_target *target, const vsh_export_run *run, vsh_text *out);

/* A string of YAML, TOML, JSON and Python at once. */
void vsh_quote_double(const char *text, vsh_text *out);
/* One word of a shell. */
void vsh_quote_shell(const char *text, vsh_text *out);
/* On one line, without control characters: for comments. */
void vsh_quote_comment(const char *text, vsh_text *out);

/* Appends, and is true: for getters. Reals are short, with a point. */
bool vsh_say_whole(vsh_text *out, int64_t value);
bool vsh_say_real(vsh_text *out, double value);
bool vsh_say_word(vsh_text *out, const char *word);

/* A getter of a target's own: an expression of the run r and the text out. */
#define VSH_ROW(name, ...)                                                                         \
    static bool name(const vsh_export_run *r, vsh_text *out)                                       \
    {                                                                                              \
        (void)r;                                                                                   \
        return __VA_ARGS__;                                                                        \
    }

/* What the plan says, whatever the system. */
vsh_row_get vsh_row_layers, vsh_row_hidden, vsh_row_heads, vsh_row_kv_heads, vsh_row_head_dim,
    vsh_row_ffn, vsh_row_vocab, vsh_row_experts, vsh_row_top_k, vsh_row_expert_hidden,
    vsh_row_capacity, vsh_row_seq, vsh_row_batch, vsh_row_micro, vsh_row_steps, vsh_row_seed,
    vsh_row_rate, vsh_row_beta1, vsh_row_beta2, vsh_row_decay, vsh_row_clip, vsh_row_warmup,
    vsh_row_cooldown, vsh_row_tensor, vsh_row_pipeline, vsh_row_context, vsh_row_expert_ways;

#endif
