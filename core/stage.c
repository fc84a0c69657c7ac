/* The ends of a pipeline stage's record: what the stage before has sent, and what goes to the next one. */
#include "build.h"

am_var am_stage_input(am_build *build, am_shape shape)
{
    am_tape *tape = build->tape;
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var x = am_label(tape, am_raw(tape, AM_OP_EMPTY, shape, build->dtype, 0, 0, 0, 0), "hidden state");
    am_require_grad(tape, x);
    return x;
}

am_code am_stage_output(am_build *build, am_var y, bool stub)
{
    am_tape *tape = build->tape;
    am_enter(tape, "", AM_C_RESIDUAL);
    am_hold(tape, y);
    if (stub) am_stays(tape, am_raw(tape, AM_OP_EMPTY, AM_SHAPE(build->one), build->dtype, 0, 0, 0, 0));
    return am_tape_finish_sent(tape, y);
}
