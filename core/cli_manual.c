/* What comes from the tables of inputs for other programs and for reading: the man page, completion for shells, the reference. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "input.h"
#include "wiring.h"

static const char *const options[][2] = {
    {"--json", "the report as JSON; errors as JSON on standard error"},
    {"--map", "the total over micro-batch and sequence length"},
    {"--config", "a Hugging Face config.json; - is standard input"},
    {"--tables", "the inputs, presets, symbols and published formulas as JSON"},
    {"--manual", "this manual page, as roff"},
    {"--reference", "every input, error, operation, GPU, model and formula, as Markdown"},
    {"--completion", "completion for a shell: bash, zsh or fish"},
    {"--version", "the version"},
    {"--help", "all inputs, presets and GPUs"},
};
enum { OPTIONS = sizeof options / sizeof *options };

static const char *const sweep_options[][2] = {
    {"--rows", "each line of this file is a configuration"},
    {"--config", "a Hugging Face config.json, of which all rows are"},
    {"--output", "the file to write, or to go on with"},
    {"--format", "csv or jsonl"},
    {"--shard", "I/N: every N-th row from the I-th on"},
    {"--jobs", "threads"},
    {"--help", "all of it"},
};
enum { SWEEP_OPTIONS = sizeof sweep_options / sizeof *sweep_options };

/* ---- the manual page ---- */

/* Text in roff: a hyphen is what is typed. No text of the tables has a backslash, or begins as a request does. */
static void put_roff(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '-') printf("\\-");
        else if ((unsigned char)*text < 0x80) putchar(*text);
        else { /* UTF-8 as groff's names of characters, which every locale can show */
            unsigned lead = (unsigned char)*text;
            int more = __builtin_clz(~lead << 24) - 1; /* bytes behind it: it begins with as many ones, and one more */
            unsigned point = lead & (0x3fu >> more);
            for (int i = 0; i < more; i++) point = point << 6 | ((unsigned char)*++text & 0x3fu);
            printf("\\[u%04X]", point);
        }
    }
}

static void put_item(const char *name, const char *rest, const char *text)
{
    printf(".TP\n.B ");
    put_roff(name);
    printf("\\fR%s\n", rest);
    put_roff(text);
    printf("\n");
}

static void put_field_item(const am_config *defaults, const am_field *field)
{
    char value[AM_TEXT_SIZE];
    put_item(field->key, "=", field->help);
    if (field->choices != NULL) {
        char name[32];
        printf("One of ");
        for (int64_t i = 0; i < am_choice_count(field->choices); i++) {
            if (i > 0) printf(", ");
            put_roff(am_choice_text(field->choices, i, name, sizeof name));
        }
        printf(".\n");
    }
    am_field_value(defaults, field, value, sizeof value);
    if (value[0] == '\0') return;
    printf("Default: ");
    put_roff(value);
    printf("%s%s.\n", *field->unit ? " " : "", field->unit);
}

int am_cli_manual(void)
{
    am_config defaults = am_default_config();
    am_config_clear_model(&defaults);
    printf(".TH ACTMEM 1 \"\" \"actmem " AM_VERSION "\"\n.SH NAME\nactmem \\- what a transformer's training step keeps in memory, and why\n"
           ".SH SYNOPSIS\n.B actmem\n[\\fIoption\\fR ...] [\\fIkey\\fR=\\fIvalue\\fR ...]\n.br\n.B actmem sweep\n[\\fIoption\\fR ...] "
           "[\\fIkey\\fR=\\fIvalue\\fR,... ...]\n.SH DESCRIPTION\nPlays the forward pass, the loss and the backward of a model on a symbolic "
           "tape with PyTorch's own rules, and says which tensors are kept, how many bytes they are, what peaks follow, and what "
           "checkpointing would save and cost.\n.PP\nWithout a model: llama\\-3\\-8b. Keys may also be joined by &, as in a link of the "
           "page. A key without a default is derived.\n.SH OPTIONS\n");
    for (int i = 0; i < OPTIONS; i++) put_item(options[i][0], "", options[i][1]);
    printf(".SH SWEEP\nEvery combination of the keys' values is a row: key=a,b,c, key=first..last:step or key=first..last:xfactor.\n");
    for (int i = 0; i < SWEEP_OPTIONS; i++) put_item(sweep_options[i][0], "", sweep_options[i][1]);
    printf(".SH KEYS\n");
    for (int group = 0; group < AM_GROUP_COUNT; group++) {
        printf(".SS %s\n", am_group_names[group]);
        for (int i = 0; i < AM_FIELD_COUNT; i++)
            if (am_fields[i].group == (am_group)group) put_field_item(&defaults, &am_fields[i]);
    }
    printf(".SH EXIT STATUS\n.TP\n.B 0\nan answer, on standard output\n.TP\n.B 1\ninput or output failed\n.TP\n.B 2\nbad input, with the error on "
           "standard error and nothing on standard output\n.SH EXAMPLES\n.nf\nactmem model=llama\\-3\\-8b seq=8192 checkpoint=full\n"
           "actmem \\-\\-json \\-\\-config config.json batch=4\nactmem sweep model=llama\\-3\\-8b seq=1k..64k:x2 batch=1,2,4 \\-\\-output "
           "sweep.csv\n.fi\n");
    return fflush(stdout) == 0 ? AM_EXIT_ANSWER : AM_EXIT_IO;
}

/* ---- completion ---- */

/* The values that are worth offering for a key, each by `put`. */
static void each_value(const am_field *field, void (*put)(const char *value, const char *label))
{
    static const char *const policies[] = {"none", "full", "every:", "uniform:", "block:", "sqrt", "best", "save:matmuls",
                                           "save:half-matmuls", "save:", "modules:", "budget:", "memory-budget:", "revolve:", "rotor:",
                                           "offload", "offload:saved", "partition", "partition:cpu"};
    char name[32];
    if (field == &am_fields[AM_F_model])
        for (int i = 0; i < am_preset_count; i++) put(am_presets[i].name, am_presets[i].label);
    else if (field == &am_fields[AM_F_device])
        for (int i = 0; i < am_device_count; i++) put(am_devices[i].id, am_devices[i].label);
    else if (field == &am_fields[AM_F_checkpoint])
        for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) put(policies[i], "");
    else if (field->kind == AM_KIND_FLAG)
        put("yes", ""), put("no", "");
    else if (field->choices != NULL)
        for (int64_t i = 0; i < am_choice_count(field->choices); i++)
            put(am_choice_text(field->choices, i, name, sizeof name), "");
}

static void put_word(const char *value, const char *label)
{
    (void)label;
    printf(" %s", value);
}

static void complete_bash(void)
{
    printf("# Completion of actmem for bash, made by actmem --completion=bash\n"
           "_actmem() {\n    local word=${COMP_LINE:0:COMP_POINT}\n    word=${word##*[[:space:]]}\n    local key=${word%%%%=*} words='' options='");
    for (int i = 0; i < OPTIONS; i++) put_word(options[i][0], "");
    printf("'\n    if [[ ${COMP_WORDS[1]} == sweep ]]; then options='");
    for (int i = 0; i < SWEEP_OPTIONS; i++) put_word(sweep_options[i][0], "");
    printf("'; fi\n    case $word in\n    -*)\n        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n        return\n        ;;\n"
           "    *=*) ;;\n    *)\n        COMPREPLY=($(compgen -W 'sweep");
    for (int i = 0; i < AM_FIELD_COUNT; i++) printf(" %s=", am_fields[i].key);
    printf("' -- \"$word\"))\n        if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi\n        return\n        ;;\n"
           "    esac\n    case $key in\n");
    for (int i = 0; i < AM_FIELD_COUNT; i++) {
        printf("    %s) words='", am_fields[i].key);
        each_value(&am_fields[i], put_word);
        printf("' ;;\n");
    }
    /* bash cuts words at = and :, and replaces what is behind the last of them */
    printf("    esac\n    local value=${word#*=}\n    COMPREPLY=($(compgen -W \"$words\" -- \"$value\"))\n"
           "    if [[ $value == *:* ]]; then COMPREPLY=(\"${COMPREPLY[@]#\"${value%%\"${value##*:}\"}\"}\"); fi\n"
           "    if [[ ${COMPREPLY[0]} == *: ]]; then compopt -o nospace; fi\n}\ncomplete -o default -F _actmem actmem\n");
}

/* A text within single quotes of zsh's _describe, where a colon ends the value. No text of the tables has such a quote. */
static void put_described(const char *value, const char *label)
{
    printf(" '");
    for (; *value != '\0'; value++) printf(*value == ':' ? "\\:" : "%c", *value);
    printf("%s%s'", label[0] != '\0' ? ":" : "", label);
}

static void complete_zsh(void)
{
    printf("#compdef actmem\n# Completion of actmem for zsh, made by actmem --completion=zsh\n_actmem() {\n    local -a values\n"
           "    if [[ $PREFIX == -* ]]; then\n        if [[ $words[2] == sweep ]]; then values=(");
    for (int i = 0; i < SWEEP_OPTIONS; i++) put_described(sweep_options[i][0], sweep_options[i][1]);
    printf("); else values=(");
    for (int i = 0; i < OPTIONS; i++) put_described(options[i][0], options[i][1]);
    printf("); fi\n        _describe option values\n        return\n    fi\n    if [[ $PREFIX != *=* ]]; then\n        values=(");
    for (int i = 0; i < AM_FIELD_COUNT; i++) put_described(am_fields[i].key, am_fields[i].label);
    printf(")\n        _describe key values -S =\n        (( CURRENT == 2 )) && compadd sweep\n        return\n    fi\n    local key=${PREFIX%%%%=*}\n"
           "    compset -P '*='\n    case $key in\n");
    for (int i = 0; i < AM_FIELD_COUNT; i++) {
        printf("    %s) values=(", am_fields[i].key);
        each_value(&am_fields[i], put_described);
        printf(") ;;\n");
    }
    printf("    esac\n    (( $#values )) && _describe value values || _files\n}\n_actmem \"$@\"\n");
}

static const char *fish_key;

static void put_fish_value(const char *value, const char *label)
{
    printf("complete -c actmem -f -a '%s=%s' -d '%s'\n", fish_key, value, label);
}

static void complete_fish(void)
{
    printf("# Completion of actmem for fish, made by actmem --completion=fish\ncomplete -c actmem -f\n"
           "complete -c actmem -n '__fish_is_nth_token 1' -a sweep -d 'many configurations, a row each'\n");
    for (int i = 0; i < OPTIONS; i++)
        printf("complete -c actmem -n 'not __fish_seen_subcommand_from sweep' -l %s%s -d '%s'\n", options[i][0] + 2,
               strcmp(options[i][0], "--config") == 0 ? " -rF" : "", options[i][1]);
    for (int i = 0; i < SWEEP_OPTIONS; i++)
        printf("complete -c actmem -n '__fish_seen_subcommand_from sweep' -l %s%s -d '%s'\n", sweep_options[i][0] + 2,
               strcmp(sweep_options[i][0], "--help") == 0 ? "" : " -rF", sweep_options[i][1]);
    for (int i = 0; i < AM_FIELD_COUNT; i++) {
        printf("complete -c actmem -f -a '%s=' -d '%s'\n", am_fields[i].key, am_fields[i].label);
        fish_key = am_fields[i].key;
        each_value(&am_fields[i], put_fish_value);
    }
}

int am_cli_completion(const char *shell)
{
    if (strcmp(shell, "bash") == 0) complete_bash();
    else if (strcmp(shell, "zsh") == 0) complete_zsh();
    else if (strcmp(shell, "fish") == 0) complete_fish();
    else {
        fprintf(stderr, "actmem: --completion must be bash, zsh or fish, not '%s'\n", shell);
        return AM_EXIT_INPUT;
    }
    return fflush(stdout) == 0 ? AM_EXIT_ANSWER : AM_EXIT_IO;
}

/* ---- the reference ---- */

/* A cell of a Markdown table. */
static void put_cell(const char *text)
{
    for (; *text != '\0'; text++) printf(*text == '|' ? "\\|" : "%c", *text);
}

static void put_keys(void)
{
    am_config defaults = am_default_config();
    am_config_clear_model(&defaults);
    printf("## Keys\n\n`key=value`, joined by white space or `&`. A key without a default is derived.\n");
    for (int group = 0; group < AM_GROUP_COUNT; group++) {
        printf("\n### %s\n\n| key | value | default | what it is |\n|---|---|---|---|\n", am_group_names[group]);
        for (int i = 0; i < AM_FIELD_COUNT; i++) {
            const am_field *field = &am_fields[i];
            char value[AM_TEXT_SIZE];
            if (field->group != (am_group)group) continue;
            printf("| `%s` | ", field->key);
            if (field->kind == AM_KIND_INT) printf("%lld to %lld%s%s", (long long)field->least, (long long)field->most, *field->unit ? " " : "", field->unit);
            else if (field->kind == AM_KIND_CHOICE) put_cell(field->choices);
            else printf("%s", field->kind == AM_KIND_FLAG ? "yes, no" : field->kind == AM_KIND_RATIO ? "0 to below 1" : "text");
            printf(" | %s | ", am_field_value(&defaults, field, value, sizeof value));
            put_cell(field->help);
            printf(" |\n");
        }
    }
}

static void put_errors(void)
{
    static const char *const meaning[] = {
#define AM_STATUS(id, code, text) text,
#include "status.def"
#undef AM_STATUS
    };
    printf("\n## Errors\n\nWith `--json` as `{\"error\": {\"code\", \"field\", \"message\"}}` on standard error, and the exit status 2, of `io` 1.\n\n"
           "| code | meaning |\n|---|---|\n");
    for (int i = 1; i < AM_CODE_COUNT; i++) printf("| `%s` | %s |\n", am_code_name((am_code)i), meaning[i]);
}

/* What autograd keeps of an operation. */
static void put_rules(void)
{
    printf("\n## Operations\n\nWhat autograd keeps of each for its backward, and why; where a gradient is named, only if that input requires one. "
           "Under torch.autocast an operation casts its inputs to the type that the column names, and its copies are there until it returns; the copy of a "
           "parameter that learns is made once, and autocast's cache holds it until the forward has ended, whatever is checkpointed.\n\n"
           "| operation | node | under autocast | keeps |\n|---|---|---|---|\n");
    static const char *const casts[] = {[AM_CAST_PROMOTE] = "widest input", [AM_CAST_LOW] = "16 bits", [AM_CAST_FP32] = "fp32", [AM_CAST_RESULT] = "fp32 result"};
    for (int i = 0; i < AM_OP_COUNT; i++) {
        const am_op_info *op = &am_ops[i];
        printf("| `%s` | %s | %s | ", op->name, op->node, casts[op->cast]);
        int count = 0;
        for (; count < AM_MAX_SAVES && op->saves[count].attribute != NULL; count++) {
            const am_save_rule *rule = &op->saves[count];
            printf("%s%s %d as `%s`", count > 0 ? "; " : "", rule->result ? "result" : "input", rule->index, rule->attribute);
            if (rule->needs >= 0) printf(" for the gradient of input %d", rule->needs);
            printf(" (%s)", rule->why);
        }
        printf("%s |\n", count > 0 ? "" : op->alias ? "nothing: a view" : "nothing");
    }
}

static void put_stacks(void)
{
    printf("\n## Stacks\n\nWhose code runs, and how its rules were verified.\n\n| stack | whose code | verified | with what |\n|---|---|---|---|\n");
    for (int i = 0; i < AM_STACK_COUNT; i++) {
        char name[32];
        printf("| `%s` | %s | %s | %s; %s |\n", am_choice_text(am_fields[AM_F_stack].choices, i, name, sizeof name), am_stacks[i].text,
               am_stacks[i].verified_by, am_stacks[i].detail, am_stacks[i].derived);
    }
}

static void put_tables(void)
{
    printf("\n## GPUs\n\n| device | name | GiB | fp32 | fp16 | bf16 GFLOP/s | MB/s | source |\n|---|---|---:|---:|---:|---:|---:|---|\n");
    for (int i = 0; i < am_device_count; i++) {
        const am_device *own = &am_devices[i];
        printf("| `%s` | %s | %lld | %lld | %lld | %lld | %lld | %s |\n", own->id, own->label, (long long)(own->memory >> 30), (long long)own->fp32,
               (long long)own->fp16, (long long)own->bf16, (long long)own->bandwidth, own->source);
    }
    printf("\n## Models\n\n| model | name | source |\n|---|---|---|\n");
    for (int i = 0; i < am_preset_count; i++) printf("| `%s` | %s | %s |\n", am_presets[i].name, am_presets[i].label, am_presets[i].source);
    printf("\n## Published formulas\n\n| name | source | counts | what does not hold |\n|---|---|---|---|\n");
    for (int i = 0; i < am_formula_count; i++) {
        const am_formula *own = &am_formulas[i];
        printf("| %s | %s | `", own->name, own->source);
        put_cell(own->expression);
        printf("` %s | ", own->unit);
        put_cell(own->caveat);
        printf(" |\n");
    }
}

int am_cli_reference(void)
{
    printf("# Reference of actmem " AM_VERSION "\n\nMade from the tables by `actmem --reference`.\n\n");
    put_keys();
    put_errors();
    put_rules();
    put_stacks();
    put_tables();
    return fflush(stdout) == 0 ? AM_EXIT_ANSWER : AM_EXIT_IO;
}
