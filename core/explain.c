#include "core/explain.h"

void vsh_explain_print(const vsh_explained *lines, int count, vsh_text *out)
{
    vsh_text_add(out, "  Where each number comes from\n");
    for (int i = 0; i < count; i++) {
        vsh_text_add(out, "  %-24s %.4g %s [%s]\n      = ", lines[i].name, lines[i].value,
                     lines[i].unit, lines[i].tag);
        vsh_text_wrap(out, lines[i].formula, 8, 80);
        vsh_text_add(out, "      ");
        vsh_text_wrap(out, lines[i].source ? lines[i].source : "no source given", 6, 80);
    }
    vsh_text_put(out, "\n", 1);
}

void vsh_explain_write(const vsh_explained *lines, int count, vsh_json *json)
{
    vsh_json_array(json, "explain");
    for (int i = 0; i < count; i++) {
        vsh_json_object(json, NULL);
        vsh_json_string(json, "name", lines[i].name);
        vsh_json_real(json, "value", lines[i].value);
        vsh_json_string(json, "unit", lines[i].unit);
        vsh_json_string(json, "formula", lines[i].formula);
        vsh_json_string(json, "source", lines[i].source);
        vsh_json_string(json, "tag", lines[i].tag);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}
