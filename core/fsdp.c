/* FSDP2 (fully_shard on every layer and on the model): parameters that ranks share out, gathered while a unit runs. Its
 * buffers in the order of its hooks. Forward: what is gathered goes into one buffer, which stays until the next unit has
 * been gathered, and is copied out into the parameters. Backward: the unit before is gathered ahead; the gradients of a
 * unit wait, whole, for its end, and are copied into one buffer, which stays until the next unit's end. Source: PyTorch
 * 2.15, torch/distributed/fsdp/_fully_shard/_fsdp_param_group.py and _fsdp_collectives.py, on one stream: a GPU's caching
 * allocator may hold freed buffers for its other streams. */
#include "bytes.h"
#include "play.h"
#include "proven.h"
#include "record.h"

/* ---- recording ---- */

void am_shard_begin(am_tape *tape)
{
    if (AM_NEVER(tape->units + 1 == AM_MAX_SHARDED)) return; /* a tape has no more layers */
    tape->unit = ++tape->units;
    tape->sharded[tape->unit] = (am_sharded){0};
    am_tape_mark(tape, AM_I_REDUCE, AM_OP_REDUCE);
    am_tape_mark(tape, AM_I_UNSHARD, AM_OP_UNSHARD);
}

void am_shard_end(am_tape *tape)
{
    am_tape_mark(tape, AM_I_RESHARD, AM_OP_UNSHARD);
    tape->unit = tape->unit > 1; /* layers are inside the model */
}

/* Ranks have equal numbers of rows; what is left over is padded. The largest parameter has 2^42 elements, and what is larger is an
 * error of the tape's: sums of those on one need no check. */
void am_shard_parameter(am_tape *tape, am_var x)
{
    am_tensor *tensor = &tape->tensor[x];
    am_sharded *unit = &tape->sharded[tape->unit];
    int64_t elements = (tensor->shape[0] + tape->ranks - 1) / tape->ranks; /* of this rank */
    for (int i = 1; i < tensor->rank; i++) elements = am_mul_checked(elements, tensor->shape[i]);
    int64_t part = am_mul_checked(elements, am_dtypes[tape->reduce_dtype].size);
    int64_t own = am_mul_checked(elements, am_dtypes[tensor->dtype].size);
    tensor->unit = tape->unit;
    unit->part += part;
    unit->reduced += am_mul_checked(part, tape->ranks);
    unit->gathered += am_mul_checked(own, tape->ranks);
    unit->copied += am_block_bytes(am_mul_checked(own, tape->ranks), tape->block);
    if (tape->cast_shards) unit->cast += own;
}

int64_t am_shard_gradients(const am_tape *tape)
{
    int64_t bytes = 0;
    for (int i = 1; i <= tape->units; i++) bytes += tape->sharded[i].part;
    return bytes;
}

/* ---- playing ---- */

static int64_t block(const am_play *play, am_live part, int64_t bytes)
{
    return am_play_counted(play, part, am_block_bytes(bytes, play->tape->block));
}

static void grow(am_play *play, int64_t bytes)
{
    am_play_grow(play, bytes);
    am_play_note(play, 0);
}

/* A buffer that outlives its unit begins, or ends. */
static void fly(am_play *play, int64_t *buffer, int64_t bytes)
{
    play->sharded.flight += bytes - *buffer;
    *buffer = bytes;
}

static void land(am_play *play, int64_t *buffer)
{
    play->live -= *buffer;
    fly(play, buffer, 0);
}

/* The collective's buffer, in which this rank's part stands already; made of a cast copy where shards are of another
 * type. */
static int64_t gather(am_play *play, int unit)
{
    const am_sharded *sharded = &play->tape->sharded[unit];
    int64_t cast = block(play, AM_LIVE_GATHERED, sharded->cast), bytes = block(play, AM_LIVE_GATHERED, sharded->gathered);
    grow(play, cast);
    grow(play, bytes);
    play->live -= cast;
    return bytes;
}

static void copy_out(am_play *play, int unit)
{
    grow(play, am_play_counted(play, AM_LIVE_GATHERED, play->tape->sharded[unit].copied));
    play->sharded.gathered[unit] = true;
}

static void release(am_play *play, int unit)
{
    if (AM_NEVER(!play->sharded.gathered[unit])) return; /* it has run */
    play->live -= am_play_counted(play, AM_LIVE_GATHERED, play->tape->sharded[unit].copied);
    play->sharded.gathered[unit] = false;
}

void am_play_unshard(am_play *play, const am_instruction *instruction)
{
    int64_t buffer = gather(play, instruction->match);
    land(play, &play->sharded.retained);
    copy_out(play, instruction->match);
    fly(play, &play->sharded.retained, buffer);
}

void am_play_reshard(am_play *play, const am_instruction *instruction)
{
    if (!play->tape->keeps_gathered) release(play, instruction->match);
    if (instruction->match == 1) land(play, &play->sharded.retained);
}

/* The unit that runs backward behind this one, after the model's own the last layer; 0: none. */
static int next_backward(const am_play *play, int unit)
{
    if (unit == 1) return play->tape->units;
    return unit > 2 ? unit - 1 : 0;
}

void am_play_unshard_again(am_play *play, const am_instruction *instruction)
{
    int unit = instruction->match, next = next_backward(play, unit);
    if (!play->sharded.gathered[unit]) {
        if (!play->sharded.waits[unit]) fly(play, &play->sharded.fetched, gather(play, unit));
        play->sharded.waits[unit] = false;
        copy_out(play, unit);
        land(play, &play->sharded.fetched);
    }
    if (!next || play->sharded.gathered[next]) return;
    fly(play, &play->sharded.fetched, gather(play, next));
    play->sharded.waits[next] = true;
}

void am_play_keep_gradient(am_play *play, uint16_t unit, int64_t bytes)
{
    const int64_t counted = am_play_counted(play, AM_LIVE_REDUCED, bytes);
    play->live += counted;
    play->sharded.gradients[unit] += counted;
}

/* The parts are added to those that exist beforehand, or become them. */
void am_play_reduce(am_play *play, const am_instruction *instruction)
{
    int unit = instruction->match;
    const am_sharded *sharded = &play->tape->sharded[unit];
    int64_t bytes = block(play, AM_LIVE_REDUCED, sharded->reduced), part = block(play, AM_LIVE_REDUCED, sharded->part);
    release(play, unit);
    land(play, &play->sharded.reducing);
    grow(play, bytes);
    play->live -= play->sharded.gradients[unit];
    play->sharded.gradients[unit] = 0;
    grow(play, part);
    play->live -= part;
    play->gradients += part;
    fly(play, &play->sharded.reducing, bytes);
    if (unit == 1) land(play, &play->sharded.reducing);
}
