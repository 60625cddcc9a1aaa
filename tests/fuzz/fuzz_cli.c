/* Any lines as words of a command line: a refusal of one line, or a configuration in range. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "planner/plan_commands.h"
#include "tests/fuzz/target.h"

enum { WORDS_MAX = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char text[4096], *words[WORDS_MAX];
    const char *operands[VSH_OPERANDS_MAX];
    int word_count = 0, operand_count;
    plan_config config;
    vsh_error err = {""};

    if (length >= sizeof text)
        return 0;
    memcpy(text, bytes, length);
    text[length] = '\0';
    for (char *word = text; word && word_count < WORDS_MAX; word_count++) {
        char *end = strchr(word, '\n');
        words[word_count] = word;
        if (end)
            *end++ = '\0';
        word = end;
    }
    for (const vsh_program_command *command = plan_commands; command->cli.name; command++) {
        plan_config_default(&config);
        if (vsh_cli_parse(&command->cli, word_count, words, &config, operands, &operand_count,
                          &err) == VSH_OK) {
            assert(isnan(config.hours) || (config.hours >= 1e-3 && config.hours <= 1e7));
            assert(config.chips >= 1 && operand_count <= command->cli.operand_max);
        } else {
            assert(*err.text && !strpbrk(err.text, "\r\n\t\033"));
        }
    }
    return 0;
}
