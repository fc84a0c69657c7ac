/* The command line. It and its parts, cli_*.c, are no part of the core: they alone do input and output.
 *
 * Exit status: 0 an answer, on stdout; 1 input or output failed; 2 bad input, with the error on stderr and nothing on
 * stdout. */
#include <errno.h>
#include <stdio.h>

#include "cli.h"
#include "input.h"
#include "proven.h"
#include "toy.h"
#include "writer.h"

#define OUTPUT_SIZE (4 << 20)
#define HELP_WIDTH  100 /* columns of --help */
#define HELP_INDENT 25  /* where the keys' help begins */

/* Static, since they are megabytes. */
static am_report report;
static am_workspace workspace;
static am_map map;
static char output[OUTPUT_SIZE];
static char file_text[AM_JSON_INPUT_SIZE + 1];
static char pairs[AM_INPUT_SIZE + 2]; /* one character more than am_config_parse takes: it refuses that */

typedef struct am_arguments {
    bool json, map, toy, help, version;
    int tables;         /* -1: none were asked for */
    int configs;        /* how often --config was given */
    const char *config; /* a path, or "-"; NULL if none */
} am_arguments;

/* ---- output */

/* The exit status of what has been written to stdout. */
static int close_output(void)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0) return AM_EXIT_ANSWER;
    fprintf(stderr, "actmem: can't write: %s\n", strerror(errno));
    return AM_EXIT_IO;
}

/* Prints what was written to `output`; nothing was if it did not fit. The longest report has a quarter of its room. */
static int print_output(size_t length)
{
    if (AM_NEVER(length == 0)) {
        fprintf(stderr, "actmem: the answer is longer than this build can hold\n");
        return AM_EXIT_IO;
    }
    fwrite(output, 1, length, stdout);
    return close_output();
}

static int print_json(size_t length)
{
    if (AM_ALWAYS(length > 0)) output[length++] = '\n'; /* in place of the final 0 */
    return print_output(length);
}

/* Says what is wrong with the input. */
static int fail_input(const am_arguments *arguments, const am_status *status)
{
    if (arguments->json) {
        am_error_json(status, output, sizeof output);
        fprintf(stderr, "%s\n", output);
        return AM_EXIT_INPUT;
    }
    fprintf(stderr, "actmem: %s\n", status->message);
    bool named = strcmp(status->field, "model") == 0 || strcmp(status->field, "device") == 0;
    if (named || status->code == AM_UNKNOWN_KEY || status->code == AM_SYNTAX)
        fprintf(stderr, "actmem --help lists the %s\n", named ? "models and GPUs" : "inputs");
    return AM_EXIT_INPUT;
}

/* ---- help */

/* Words in lines of at most 100 characters, after the column of keys. */
static void print_wrapped(const char *text)
{
    size_t column = HELP_INDENT;
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        if (column > HELP_INDENT && column + 1 + length > HELP_WIDTH) {
            printf("\n%*s", HELP_INDENT, "");
            column = HELP_INDENT;
        }
        bool first = column == HELP_INDENT;
        printf("%s%.*s", first ? "" : " ", (int)length, text);
        column += length + !first;
        text += length + (text[length] == ' ');
    }
    printf("\n");
}

/* " {sdpa | efficient | flash | eager}" */
static void write_choices(am_writer *line, const char *choices)
{
    char text[64];
    int64_t count = am_choice_count(choices);
    for (int64_t i = 0; i < count; i++) {
        am_write_text(line, i > 0 ? " | " : " {");
        am_write_text(line, am_choice_text(choices, i, text, sizeof text));
    }
    AM_WRITE(line, "}");
}

/* " MB/s" */
static void write_unit(am_writer *line, const am_field *field, const char *value)
{
    if (*field->unit == '\0' || strcmp(value, "0") == 0) return; /* 0 stands for none, or for what the help says */
    AM_WRITE(line, " ");
    am_write_text(line, field->unit);
}

static void print_field(const am_config *defaults, const am_field *field)
{
    char text[2048]; /* the longest help and the most choices take 1,300 bytes */
    char value[AM_TEXT_SIZE];
    am_writer line = am_writer_of(text, sizeof text);
    am_write_text(&line, field->help);
    if (field->choices != NULL) write_choices(&line, field->choices);
    am_field_value(defaults, field, value, sizeof value); /* "" if it is derived: the help says from what */
    if (value[0] != '\0') {
        AM_WRITE(&line, " [");
        am_write_text(&line, value);
        write_unit(&line, field, value);
        AM_WRITE(&line, "]");
    }
    am_writer_end(&line);
    printf("  %-*s", HELP_INDENT - 2, field->key);
    print_wrapped(text);
}

static void print_group(const am_config *defaults, am_group group)
{
    printf("\n%s\n", am_group_names[group]);
    for (int i = 0; i < AM_FIELD_COUNT; i++)
        if (am_fields[i].group == group) print_field(defaults, &am_fields[i]);
}

static void print_presets(void)
{
    printf("\npresets for model=\n");
    for (int i = 0; i < am_preset_count; i++)
        printf("  %-*s %s\n", HELP_INDENT - 3, am_presets[i].name, am_presets[i].label);
}

static void print_devices(void)
{
    printf("\nGPUs for device=, with GiB, TFLOP/s in 16 bits (dense, sums in fp32) and GB/s\n");
    for (int i = 0; i < am_device_count; i++) {
        const am_device *device = &am_devices[i];
        double teraflops = (double)(device->bf16 ? device->bf16 : device->fp16) / 1000;
        printf("  %-*s%-42s%4d%9.1f%7d\n", HELP_INDENT - 2, device->id, device->label, (int)(device->memory >> 30),
               teraflops, (int)(device->bandwidth / 1000));
    }
}

static int print_help(void)
{
    am_config defaults = am_default_config();
    am_config_clear_model(&defaults);
    printf("What a transformer's training step keeps in memory, to the byte, and why.\n\n"
           "usage: actmem [--json] [--map | --toy] [--config FILE] [key=value ...]\n"
           "       actmem sweep [--help] ...     many configurations, a row each\n\n"
           "  --config FILE       a Hugging Face config.json (- is standard input), changed by the keys;\n"
           "                      its dtype is how the file is stored: say dtype= for the run\n"
           "  --json              the report as JSON; errors as JSON on standard error\n"
           "  --map               the total over micro-batch and sequence length, for batch=1..64 and seq=128..8192;\n"
           "                      without a range 64 of each, lengths up to four times seq\n"
           "  --toy               the block of many notebooks, Linear-ReLU-Linear with batch=8 and hidden=4096 in fp32, as JSON\n"
           "  --tables[=PART]     the inputs, presets, symbols and published formulas as JSON; PART: inputs or formulas\n"
           "  --manual            the manual page, as roff; --reference: all tables as Markdown\n"
           "  --completion=SHELL  completion for bash, zsh or fish\n"
           "  --version           the version\n"
           "  --help              this text\n\n"
           "examples\n"
           "  actmem model=llama-3-8b seq=8192\n"
           "  actmem model=llama-3-8b seq=8192 checkpoint=full attention=flash\n"
           "  actmem model=qwen2.5-7b trainable=lora lora_rank=32 lora_targets=q,k,v,o\n"
           "  actmem layers=12 hidden=768 heads=12 vocab=50257 family=gpt2 seq=1024 batch=8\n"
           "  actmem --json --config config.json batch=4 'checkpoint=every:4'\n"
           "  actmem model=llama-3-8b device_memory=80GiB zero=1 dp=8 fit=yes\n"
           "  actmem --map model=llama-3-8b device_memory=80GiB checkpoint=full batch=1..16\n"
           "  actmem sweep model=llama-3-8b seq=1k..64k:x2 batch=1,2,4 --output sweep.csv\n"
           "\nWithout a model: llama-3-8b. Keys may also be joined by '&', as in a link of the page. Behind a number k stands for 1024:\n"
           "seq=8k. Below, {choices} and [defaults]; a key without a default is derived.\n");
    for (int group = 0; group < AM_GROUP_COUNT; group++) print_group(&defaults, (am_group)group);
    print_presets();
    print_devices();
    return close_output();
}

/* ---- input */

static int fail_option(const am_arguments *arguments, const char *option)
{
    am_status status;
    if (strcmp(option, "--config") == 0) {
        am_fail(&status, AM_SYNTAX, "config", "--config must be followed by a file, or by - for standard input");
        return fail_input(arguments, &status);
    }
    if (strncmp(option, "--tables=", 9) == 0) {
        am_fail(&status, AM_SYNTAX, "", "--tables has two parts, --tables=inputs and --tables=formulas, and all of it without one: not '%s'", option + 9);
        return fail_input(arguments, &status);
    }
    am_fail(&status, AM_SYNTAX, "",
            "unknown option '%s'; there are --json, --map, --toy, --config FILE, --tables, --manual, --reference, --completion=SHELL, --version and --help",
            option);
    return fail_input(arguments, &status);
}

/* Adds a key=value argument to pairs. What no longer fits leaves it too long, for the parser to refuse. */
static void add_pair(const char *argument)
{
    size_t length = strlen(pairs);
    size_t room = sizeof pairs - 1 - length;
    if (length > 0 && room > 0) {
        pairs[length++] = '&';
        room--;
    }
    size_t size = strlen(argument);
    if (size > room) {
        memset(pairs, '&', sizeof pairs - 1);
        return;
    }
    memcpy(pairs + length, argument, size + 1);
}

/* Returns AM_EXIT_ANSWER, or the exit status of what is wrong with an argument. */
static int read_arguments(am_arguments *arguments, int count, char **text)
{
    for (int i = 1; i < count; i++) arguments->json = arguments->json || strcmp(text[i], "--json") == 0;
    for (int i = 1; i < count; i++) {
        const char *argument = text[i];
        if (strcmp(argument, "--json") == 0) continue;
        if (strcmp(argument, "--map") == 0) {
            arguments->map = true;
            continue;
        }
        if (strcmp(argument, "--toy") == 0) {
            arguments->toy = true;
            continue;
        }
        if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
            arguments->help = true;
        else if (strcmp(argument, "--version") == 0)
            arguments->version = true;
        else if (strcmp(argument, "--tables") == 0)
            arguments->tables = AM_TABLES_ALL;
        else if (strcmp(argument, "--tables=inputs") == 0)
            arguments->tables = AM_TABLES_INPUTS;
        else if (strcmp(argument, "--tables=formulas") == 0)
            arguments->tables = AM_TABLES_FORMULAS;
        else if (strncmp(argument, "--config=", 9) == 0)
            arguments->config = argument + 9, arguments->configs++;
        else if (strcmp(argument, "--config") == 0 && i + 1 < count)
            arguments->configs++, arguments->config = text[++i];
        else if (argument[0] == '-')
            return fail_option(arguments, argument);
        else
            add_pair(argument);
    }
    return AM_EXIT_ANSWER;
}

/* Reads a whole file of at most AM_JSON_INPUT_SIZE bytes; *length is one more where it is longer. False: I/O failed. */
static bool read_file(const char *path, size_t *length)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (file == NULL) return false;
    *length = fread(file_text, 1, sizeof file_text, file);
    int error = ferror(file) ? errno : 0;
    if (!standard) fclose(file);
    errno = error;
    return error == 0;
}

int am_cli_import(am_config *config, const char *path, am_status *status)
{
    size_t length;
    if (read_file(path, &length))
        return am_config_import(config, file_text, length, status) == AM_OK ? AM_EXIT_ANSWER : AM_EXIT_INPUT;
    am_fail(status, AM_IO, "config", "can't read %s: %s", strcmp(path, "-") == 0 ? "standard input" : path, strerror(errno));
    return AM_EXIT_IO;
}

static int import(am_config *config, const am_arguments *arguments)
{
    am_status status;
    int exit_status = am_cli_import(config, arguments->config, &status);
    if (exit_status != AM_EXIT_ANSWER) fail_input(arguments, &status);
    return exit_status;
}

static int draw_map(const am_arguments *arguments, const am_config *config)
{
    am_status status;
    if (am_fit_map(&map, &workspace, config, &status) != AM_OK) return fail_input(arguments, &status);
    if (arguments->json) return print_json(am_map_json(&map, output, sizeof output));
    return print_output(am_map_text(&map, output, sizeof output));
}

static int play_toy(const am_arguments *arguments)
{
    static am_toy toy;
    am_status status = {0};
    if (arguments->configs > 0 || arguments->map) {
        am_fail(&status, AM_CONFLICT, "",
                "--toy is a block of its own: give it hidden and batch, without --config and --map");
        return fail_input(arguments, &status);
    }
    if (am_toy_play(&toy, &workspace, &report.extents, pairs, &status) != AM_OK) return fail_input(arguments, &status);
    return print_json(am_toy_json(&toy, output, sizeof output));
}

static int answer(const am_arguments *arguments)
{
    am_status status;
    am_config config = am_default_config();
    if (arguments->configs > 1) {
        am_fail(&status, AM_DUPLICATE_KEY, "config", "--config is given twice: one file is one model");
        return fail_input(arguments, &status);
    }
    int exit_status = arguments->config != NULL ? import(&config, arguments) : AM_EXIT_ANSWER;
    if (exit_status != AM_EXIT_ANSWER) return exit_status;
    if (arguments->map && am_map_axes(&map, pairs, &status) != AM_OK) return fail_input(arguments, &status);
    if (am_config_parse(&config, pairs, &status) == AM_OK && arguments->config != NULL && config.model[0]) {
        am_fail(&status, AM_CONFLICT, "model", "--config and model=%s are two models: give one", config.model);
        return fail_input(arguments, &status);
    }
    if (status.code == AM_OK && arguments->map) return draw_map(arguments, &config);
    if (!arguments->json && config.timeline == AM_TIMELINE_MODULES) config.timeline = AM_TIMELINE_COMPONENTS; /* as people want it */
    if (status.code != AM_OK || am_evaluate(&report, &workspace, &config, &status) != AM_OK) return fail_input(arguments, &status);
    am_fit_search(&report, &workspace, &config);
    if (arguments->json) return print_json(am_report_json(&report, output, sizeof output));
    return print_output(am_report_text(&report, output, sizeof output));
}

int main(int count, char **text)
{
    am_arguments arguments = {.tables = -1};
    if (count == 2 && strcmp(text[1], "--manual") == 0) return am_cli_manual();
    if (count == 2 && strcmp(text[1], "--reference") == 0) return am_cli_reference();
    if (count == 2 && strncmp(text[1], "--completion=", 13) == 0) return am_cli_completion(text[1] + 13);
    if (count > 1 && strcmp(text[1], "sweep") == 0) return am_cli_sweep(count - 2, text + 2);
    int exit_status = read_arguments(&arguments, count, text);
    if (exit_status != AM_EXIT_ANSWER) return exit_status;
    if (arguments.help) return print_help();
    if (arguments.version) {
        printf("actmem " AM_VERSION "\n");
        return close_output();
    }
    if (arguments.tables >= 0) return print_json(am_tables_json((am_tables)arguments.tables, output, sizeof output));
    return arguments.toy ? play_toy(&arguments) : answer(&arguments);
}
