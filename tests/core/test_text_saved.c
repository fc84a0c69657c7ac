/* What each kind of layer keeps, as people read it. */
#include "fake_report.h"
#include "sections.h"

START_TEST(rows)
{
    read_section_of(fake_report(), am_text_saved);
    expect_tidy();
    expect("\nThe first layer keeps 0.0156 GiB (16,777,216 bytes)\n");
    expect("\nOne layer keeps 0.0469 GiB (50,397,184 bytes); there are 31\n");
    expect("  input in fp32        input_layernorm                  [s·b·h]  fp32   4·s·b·h  0.0313  33,554,432\n");
    expect("  low-rank activation  self_attn.q_proj.lora_A.default  [s·b·r]  bf16   2·s·b·r  0.0001      65,536\n");
    expect("\nShared by the layers: 0.0005 GiB (524,288 bytes)\n");
    expect("(loss)");
    expect("  with s=2048, b=1, h=4096, d=128, v=128256, r=16\n");
    expect("\nOutside the layers: 0.979 GiB (1,050,689,536 bytes)\n");
}
END_TEST

Suite *test_text_saved_suite(void);
Suite *test_text_saved_suite(void)
{
    Suite *suite = suite_create("text_saved");
    TCase *tests = tcase_create("text_saved");
    tcase_add_test(tests, rows);
    suite_add_tcase(suite, tests);
    return suite;
}
