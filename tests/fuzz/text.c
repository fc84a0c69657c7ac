/* Any text as inputs. */
#include "input.h"
#include "invariants.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static am_map map;
    am_status status;
    am_config before = am_default_config(), config = before;
    char *text = malloc(size + 1); /* of its own length: a read beyond it is seen */
    if (!text) return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    am_code code = am_config_parse(&config, text, &status);
    expect_status(code, &status);
    expect_values(&config);
    expect_unchanged(code, &before, &config);
    if (code == AM_OK) {
        before = config;
        code = am_config_resolve(&config, &status);
        expect_status(code, &status);
        expect_unchanged(code, &before, &config);
        for (int i = 0; i < AM_FIELD_COUNT && code == AM_OK; i++)
            must(am_fields[i].kind == AM_KIND_TEXT || am_field_number_of(&config, &am_fields[i]) >= 0, "%s is not derived",
                 am_fields[i].key);
        expect_values(&config);
    }
    code = am_map_axes(&map, text, &status);
    expect_status(code, &status);
    must(map.batches <= AM_MAP_MOST && map.seqs <= AM_MAP_MOST, "an axis is too long");
    free(text);
    return 0;
}
