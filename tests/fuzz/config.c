/* Any bytes as a config.json. */
#include "invariants.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    am_status status;
    am_config before = am_default_config(), config = before;
    char *json = malloc(size ? size : 1); /* of its own length, without a 0 at its end: a read beyond it is seen */
    if (!json) return 0;
    memcpy(json, data, size);
    am_code code = am_config_import(&config, json, size, &status);
    free(json);
    expect_status(code, &status);
    expect_values(&config);
    expect_unchanged(code, &before, &config);
    if (code != AM_OK) return 0;
    before = config;
    code = am_config_resolve(&config, &status);
    expect_status(code, &status);
    expect_values(&config);
    expect_unchanged(code, &before, &config);
    if (code == AM_OK) expect_evaluation(&config);
    return 0;
}
