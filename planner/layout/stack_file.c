#include "planner/layout/stack_file.h"

#include <string.h>

#include "core/doc_write.h"

const char vsh_stack_file_mark[] = "# Written by vishwa-plan calibrate";

static void write_figure(const char *name, const vsh_figure *f, const char *unit, vsh_text *out)
{
    if (!f->known)
        return;
    vsh_text_add(out, "    %s: {value: %.17g%s", name, f->value, unit);
    if (f->low < f->value)
        vsh_text_add(out, ", low: %.6g%s", f->low, unit);
    if (f->high > f->value)
        vsh_text_add(out, ", high: %.6g%s", f->high, unit);
    if (f->source) {
        vsh_text_add(out, ", source: ");
        vsh_scalar_write(f->source, true, out);
    }
    if (f->date) {
        vsh_text_add(out, ", date: ");
        vsh_scalar_write(f->date, false, out);
    }
    if (f->tag != VSH_TAG_UNKNOWN)
        vsh_text_add(out, ", tag: %s", vsh_tag_names[f->tag]);
    vsh_text_add(out, "}\n");
}

static void write_stack(const vsh_stack_figures *stack, vsh_text *out)
{
    vsh_text_add(out, "  ");
    vsh_scalar_write(stack->name, false, out);
    vsh_text_add(out, ":\n");
    for (int i = 0; i < VSH_STACK_FIGURES; i++)
        write_figure(vsh_stack_figure_names[i], &stack->figure[i],
                     vsh_stack_constants[i].most < 0.01 ? " s" : "", out);
    write_figure("spread", &stack->spread, "", out);
    if (stack->measured) {
        vsh_text_add(out, "    measured: ");
        vsh_scalar_write(stack->measured, true, out);
        vsh_text_add(out, "\n");
    }
}

vsh_status vsh_stack_file_write(vsh_arena *arena, const vsh_doc *profile,
                                const vsh_stack_figures *stack, vsh_text *out, vsh_error *err)
{
    const vsh_node *others = vsh_node_get(profile->root, "stacks");
    vsh_hardware read;
    vsh_doc doc;

    vsh_text_add(out, "%s: the profile it was given, and a stack.\n", vsh_stack_file_mark);
    for (const vsh_node *node = profile->root->first; node; node = node->next)
        if (node != others)
            vsh_node_write(node, 0, out);
    vsh_text_add(out, "stacks:\n");
    for (const vsh_node *node = others ? others->first : NULL; node; node = node->next)
        if (strcmp(node->key, stack->name) != 0)
            vsh_node_write(node, 1, out);
    write_stack(stack, out);
    if (out->failed)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_doc_parse(arena, "--out", out->data, out->length, &doc, err));
    return vsh_hardware_from_doc(&doc, &read, err);
}
