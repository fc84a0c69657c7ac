/* stack=liger: transformers' modules as Liger-Kernel 0.8.5 replaces them (apply_liger_kernel_to_llama and so on): each
 * one Python function that keeps what its save_for_backward says. Source: liger_kernel/ops and liger_kernel/transformers,
 * read, and run with the kernels left out. */
#include "build.h"

/* The backward of the norm adds up the weight's gradient in fp32, a row for each multiprocessor: an H100's. */
#define MULTIPROCESSORS 132

am_var am_liger_rms_norm(am_build *build, am_var x, const char *path)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, path, AM_C_NORM);
    am_shape shape = am_shape_of(tape, x);
    am_dim width = shape.dim[shape.rank - 1];
    am_dim rows = am_dim_of(tape->extents, MULTIPROCESSORS, 1, (const am_symbol[]){AM_SYMBOL_COUNT});
    am_var input[4] = {x, am_weight(build, AM_SHAPE(width), "weight")};
    bool learns = tape->tensor[input[1]].grad;
    if (learns) { /* what backward makes beside the gradients */
        input[2] = am_buffer(tape, AM_SHAPE(rows, width), AM_FP32, "");
        input[3] = am_buffer(tape, AM_SHAPE(width), AM_FP32, "");
    }
    int inputs = !learns ? 2 : tape->tensor[input[1]].dtype == AM_FP32 ? 3 : 4;
    am_var y = am_row_norm(tape, AM_OP_LIGER_RMS_NORM, inputs, input);
    am_hold(tape, x);
    tape->module = module;
    return am_label(tape, y, "normed input");
}

/* In place: query and key are the projections' own outputs, turned. */
void am_liger_rotate(am_build *build, am_var *q, am_var *k)
{
    am_var input[4] = {*q, *k, build->cos, build->sin}, result[2];
    am_rotate_in_place(build->tape, input, result);
    *q = result[0];
    *k = result[1];
}

/* down_proj(act(gate_proj(x)) * up_proj(x)), the activation and the product in one. */
am_var am_liger_mlp(am_build *build, am_var normed)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "mlp", AM_C_MLP);
    am_var gate = am_hf_linear(build, normed, "mlp.gate_proj", AM_C_MLP, build->f, false, AM_TARGET_GATE);
    am_label(tape, gate, "gate");
    am_var up = am_hf_linear(build, normed, "mlp.up_proj", AM_C_MLP, build->f, false, AM_TARGET_UP);
    am_label(tape, up, "up");
    am_op op = build->config->activation == AM_SWIGLU ? AM_OP_LIGER_SILU_MUL : AM_OP_LIGER_GELU_MUL;
    am_var product = am_label(tape, am_binary(tape, op, gate, up), "gate × up");
    am_var y = am_hf_linear(build, product, "mlp.down_proj", AM_C_MLP, build->h, false, AM_TARGET_DOWN);
    am_label(tape, y, "MLP block's output");
    am_hold(tape, product, normed);
    tape->module = module;
    return y;
}
