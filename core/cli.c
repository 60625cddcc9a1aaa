#include "core/cli.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const vsh_colour_words[] = {"auto", "always", "never", NULL};

enum { OPTIONS_MAX = 64, OPTION_BYTES = 48 };

static const vsh_opt *find_long(const vsh_opt *options, const char *name, size_t length)
{
    for (; options->type != VSH_OPT_END; options++)
        if (strlen(options->name) == length && strncmp(options->name, name, length) == 0)
            return options;
    return NULL;
}

static const vsh_opt *find_letter(const vsh_opt *options, char letter)
{
    for (; options->type != VSH_OPT_END; options++)
        if (options->letter && options->letter == letter)
            return options;
    return NULL;
}

static vsh_status unknown_option(const vsh_command *command, const char *given, vsh_error *err)
{
    const char *names[OPTIONS_MAX];
    char dashed[OPTIONS_MAX][OPTION_BYTES], word[80], suggestion[160];
    size_t count = 0;

    for (const vsh_opt *o = command->options; o->type != VSH_OPT_END && count < OPTIONS_MAX; o++) {
        snprintf(dashed[count], sizeof dashed[count], "--%s", o->name);
        names[count] = dashed[count];
        count++;
    }
    snprintf(word, sizeof word, "%.*s", (int)strcspn(given, "="), given);
    vsh_suggest(suggestion, sizeof suggestion, word, names, count);
    return vsh_fail(err, VSH_EINPUT, "%s%sunknown option \"%.80s\"%s", command->name,
                    *command->name ? ": " : "", given, suggestion);
}

static vsh_status set_number(const vsh_opt *opt, const char *value, void *place, vsh_error *err)
{
    const char *kind = opt->type == VSH_OPT_INTEGER ? "a whole number" : "a number";
    double number;

    if (!vsh_parse_si(value, &number) || number < opt->min || number > opt->max ||
        (opt->type == VSH_OPT_INTEGER && number != floor(number)))
        return vsh_fail(err, VSH_EINPUT, "--%s: expected %s from %.10g to %.10g, got \"%.80s\"",
                        opt->name, kind, opt->min, opt->max, value);
    if (opt->type == VSH_OPT_INTEGER)
        *(int64_t *)place = (int64_t)number;
    else
        *(double *)place = number;
    return VSH_OK;
}

static vsh_status set_word(const vsh_opt *opt, const char *value, int *place, vsh_error *err)
{
    char list[160] = "", suggestion[160];
    size_t used = 0, count = 0;

    for (; opt->words[count]; count++) {
        if (strcmp(opt->words[count], value) == 0) {
            *place = (int)count;
            return VSH_OK;
        }
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", count ? ", " : "",
                                     opt->words[count]);
    }
    vsh_suggest(suggestion, sizeof suggestion, value, opt->words, count);
    return vsh_fail(err, VSH_EINPUT, "--%s: expected one of %s, got \"%.80s\"%s", opt->name, list,
                    value, suggestion);
}

static vsh_status add_item(const vsh_opt *opt, const char *value, vsh_opt_list *list,
                           vsh_error *err)
{
    if (list->count == VSH_OPT_LIST_MAX)
        return vsh_fail(err, VSH_EINPUT, "--%s: expected at most %d times", opt->name,
                        VSH_OPT_LIST_MAX);
    list->item[list->count++] = value;
    return VSH_OK;
}

static vsh_status set_value(const vsh_opt *opt, const char *value, void *config, vsh_error *err)
{
    void *place = (char *)config + opt->offset;

    if (!*value)
        return vsh_fail(err, VSH_EINPUT, "--%s: expected %s, got nothing", opt->name,
                        opt->argument);
    if (opt->type == VSH_OPT_WORD)
        return set_word(opt, value, place, err);
    if (opt->type == VSH_OPT_INTEGER || opt->type == VSH_OPT_REAL)
        return set_number(opt, value, place, err);
    if (opt->type == VSH_OPT_LIST)
        return add_item(opt, value, place, err);
    *(const char **)place = value;
    return VSH_OK;
}

/* One option at argv[*at]; moves *at past a value that stands in the next word. */
static vsh_status take_option(const vsh_command *command, int argc, char *const *argv, int *at,
                              void *config, vsh_error *err)
{
    const char *word = argv[*at], *value = NULL;
    const vsh_opt *opt;
    bool on = true;

    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");
        opt = find_long(command->options, word + 2, length);
        if (!opt && strncmp(word, "--no-", 5) == 0) {
            opt = find_long(command->options, word + 5, length - 3);
            if (opt && opt->type != VSH_OPT_FLAG)
                opt = NULL;
            on = false;
        }
        if (word[2 + length] == '=')
            value = word + 2 + length + 1;
    } else {
        opt = find_letter(command->options, word[1]);
        if (word[2])
            value = word + 2;
    }
    if (!opt)
        return unknown_option(command, word, err);
    if (opt->type == VSH_OPT_LATER)
        return vsh_fail(err, VSH_EINPUT, "--%s: not built yet", opt->name);
    if (opt->type == VSH_OPT_FLAG) {
        if (value)
            return vsh_fail(err, VSH_EINPUT, "--%s: takes no value, got \"%.80s\"", opt->name,
                            value);
        *(bool *)((char *)config + opt->offset) = on;
        return VSH_OK;
    }
    if (!value) {
        if (*at + 1 >= argc)
            return vsh_fail(err, VSH_EINPUT, "--%s: expected %s, got nothing", opt->name,
                            opt->argument);
        value = argv[++*at];
    }
    return set_value(opt, value, config, err);
}

vsh_status vsh_cli_parse(const vsh_command *command, int argc, char *const *argv, void *config,
                         const char *operands[VSH_OPERANDS_MAX], int *operand_count, vsh_error *err)
{
    bool only_operands = false;

    assert(command && config && operands && operand_count);
    assert(command->operand_max <= VSH_OPERANDS_MAX);
    *operand_count = 0;
    for (int at = 0; at < argc; at++) {
        const char *word = argv[at];
        if (!only_operands && strcmp(word, "--") == 0) {
            only_operands = true;
        } else if (!only_operands && word[0] == '-' && word[1]) {
            VSH_TRY(take_option(command, argc, argv, &at, config, err));
        } else if (*operand_count == command->operand_max) {
            return vsh_fail(err, VSH_EINPUT, "%s%sunexpected word \"%.80s\"", command->name,
                            *command->name ? ": " : "", word);
        } else {
            operands[(*operand_count)++] = word;
        }
    }
    return VSH_OK;
}

void vsh_cli_help(const char *program, const vsh_command *command, vsh_text *out)
{
    const char *space = *command->name ? " " : "";

    vsh_text_add(out, "%s%s%s: ", program, space, command->name);
    vsh_text_wrap(out, command->summary, (int)strlen(program) + (int)strlen(command->name) + 2, 80);
    vsh_text_put(out, "\n", 1);
    if (command->examples)
        vsh_text_add(out, "Examples\n%s\n", command->examples);
    vsh_text_add(out, "Usage\n  %s%s%s %s\n\nOptions\n", program, space, command->name,
                 command->usage);
    for (const vsh_opt *o = command->options; o->type != VSH_OPT_END; o++) {
        char left[64];
        snprintf(left, sizeof left, "%s%c%s--%s%s%s", o->letter ? "-" : "",
                 o->letter ? o->letter : ' ', o->letter ? ", " : "   ", o->name,
                 o->argument ? " " : "", o->argument ? o->argument : "");
        vsh_text_add(out, "  %-28s ", left);
        vsh_text_wrap(out, o->type == VSH_OPT_LATER ? "not built yet" : o->help, 31, 80);
    }
}
