#include "record.h"

#include "bytes.h"
#include "layout.h"

#include <string.h>

/* ---- storage of the record ---- */

static void run_out(am_tape *tape, const char *what)
{
    if (tape->status.code == AM_OK)
        am_fail(&tape->status, AM_CAPACITY, "layers", "the record has no room for more %s", what);
}

void am_tape_reset(am_tape *tape, am_extents *extents, int autocast)
{
    tape->extents = extents;
    if (++tape->records == 0) tape->records = 1;
    memset(&tape->status, 0, sizeof tape->status);
    am_tape_send_away(tape, AM_AWAY_NOTHING, 1);
    tape->autocast = (uint8_t)autocast;
    tape->caches = true;
    tape->block = 1;
    tape->module = (am_module){"", "", AM_C_LOSS};
    tape->open_region = tape->zone = 0;
    tape->graph_only = false;
    tape->instructions = tape->operands = tape->saves = tape->gradients = 0;
    tape->tensors = tape->storages = tape->nodes = tape->regions = tape->leaves = 1; /* index 0 is none */
    memset(&tape->tensor[0], 0, sizeof tape->tensor[0]);
    tape->tensor[0].rank = 4; /* what calls after an error work on: a tensor of one element, of the usual rank */
    for (int i = 0; i < AM_MAX_RANK; i++) tape->tensor[0].shape[i] = tape->tensor[0].stride[i] = 1;
    memset(&tape->storage[0], 0, sizeof tape->storage[0]);
    memset(&tape->node[0], 0, sizeof tape->node[0]);
    memset(&tape->region[0], 0, sizeof tape->region[0]);
    tape->storage[0].fixed = true;
    tape->loss = tape->logits = tape->scratch = 0;
    tape->logits_stay = tape->inputs_alone = false;
    tape->flops = 0;
    tape->ranks = 1;
    tape->units = tape->unit = 0;
#ifndef AM_FIRST
    tape->repeats = 0;
#endif
}

am_shape am_shape_of(const am_tape *tape, am_var x)
{
    am_shape shape = {tape->tensor[x].rank, {0}};
    memcpy(shape.dim, tape->tensor[x].dim, sizeof shape.dim);
    return shape;
}

am_dim am_times(am_tape *tape, am_dim x, am_dim y)
{
    return am_dim_product(tape->extents, x, y);
}

am_layout am_tape_layout(const am_tape *tape, am_var x)
{
    const am_tensor *tensor = &tape->tensor[x];
    return (am_layout){tensor->rank, tensor->shape, tensor->stride};
}

am_module am_enter(am_tape *tape, const char *path, am_component component)
{
    am_module left = tape->module;
    tape->module = (am_module){path, "", component};
    return left;
}

am_var am_label(am_tape *tape, am_var x, const char *name)
{
    tape->storage[tape->tensor[x].storage].name = name;
    return x;
}

static am_var new_tensor(am_tape *tape, am_shape shape, int dtype, uint16_t storage)
{
    if (tape->tensors == AM_MAX_TENSORS) {
        run_out(tape, "tensors");
        return 0;
    }
    am_var x = (am_var)tape->tensors++;
    am_tensor *tensor = &tape->tensor[x];
    memset(tensor, 0, sizeof *tensor);
    tensor->rank = (uint8_t)shape.rank;
    tensor->dtype = (uint8_t)dtype;
    tensor->storage = storage;
    for (int i = 0; i < shape.rank; i++) {
        tensor->dim[i] = shape.dim[i];
        tensor->shape[i] = tape->extents->of[shape.dim[i]].n;
    }
    return x;
}

/* Names the input whose value makes a tensor too large: the largest of those in its shape. */
static void too_large(am_tape *tape, am_shape shape)
{
    int worst = AM_S;
    for (int i = 0; i < shape.rank; i++)
        for (int symbol = 0; symbol < AM_SYMBOL_COUNT; symbol++)
            if (tape->extents->of[shape.dim[i]].term.power[symbol] > 0 &&
                tape->extents->value[symbol] > tape->extents->value[worst])
                worst = symbol;
    if (tape->status.code == AM_OK)
        am_fail(&tape->status, AM_TOO_LARGE, am_symbols[worst].key, "%s makes one tensor larger than 2^53 bytes",
                am_symbols[worst].key);
}

#ifndef AM_FIRST
int64_t am_tape_block_bytes(const am_tape *tape, int64_t bytes, int rank, const am_dim *dim)
{
    am_extents *extents = tape->extents;
    bool grows = false;
    for (int i = 0; i < rank && tape->block > 1; i++) grows |= extents->of[dim[i]].term.power[AM_B] != 0;
    if (grows)
        extents->even_to = am_smaller(extents->even_to, am_block_even_to(bytes / extents->value[AM_B], tape->block));
    return am_block_bytes(bytes, tape->block);
}
#endif

static uint16_t new_storage(am_tape *tape, am_shape shape, int dtype, bool fixed)
{
    if (tape->storages == AM_MAX_STORAGES) {
        run_out(tape, "storages");
        return 0;
    }
    uint16_t index = (uint16_t)tape->storages++;
    am_storage *storage = &tape->storage[index];
    memset(storage, 0, sizeof *storage);
    int64_t bytes = am_dtypes[dtype].size;
    for (int i = 0; i < shape.rank; i++) {
        bytes = am_mul_checked(bytes, tape->extents->of[shape.dim[i]].n);
        storage->dim[i] = shape.dim[i];
    }
    if (bytes < 0) {
        too_large(tape, shape);
        bytes = 0;
    }
    storage->bytes = am_tape_block_bytes(tape, bytes, shape.rank, shape.dim);
    storage->rank = (uint8_t)shape.rank;
    storage->dtype = (uint8_t)dtype;
    storage->fixed = fixed;
    storage->born = (uint16_t)tape->instructions;
    return index;
}

/* A new storage and the tensor that fills it, contiguous. */
am_var am_tape_fresh(am_tape *tape, am_shape shape, int dtype)
{
    am_var x = new_tensor(tape, shape, dtype, new_storage(tape, shape, dtype, false));
    am_layout_contiguous(shape.rank, tape->tensor[x].shape, tape->tensor[x].stride);
    return x;
}

/* Another view of x's storage. */
am_var am_tape_alias(am_tape *tape, am_var x, am_shape shape, const int64_t *stride)
{
    am_var y = new_tensor(tape, shape, tape->tensor[x].dtype, tape->tensor[x].storage);
    memcpy(tape->tensor[y].stride, stride, sizeof tape->tensor[y].stride);
    return y;
}

am_var am_tape_rearranged(am_tape *tape, am_op op, am_var x, am_shape shape, const int64_t *stride)
{
    return am_ops[op].alias ? am_tape_alias(tape, x, shape, stride) : am_tape_fresh(tape, shape, tape->tensor[x].dtype);
}

static am_var fixed_tensor(am_tape *tape, am_shape shape, int dtype, const char *name)
{
    am_var x = new_tensor(tape, shape, dtype, new_storage(tape, shape, dtype, true));
    am_layout_contiguous(shape.rank, tape->tensor[x].shape, tape->tensor[x].stride);
    return am_label(tape, x, name);
}

static void make_leaf(am_tape *tape, am_var x)
{
    tape->tensor[x].grad = true;
    tape->tensor[x].leaf = (uint16_t)tape->leaves;
    tape->leaf[tape->leaves++] = x; /* never more leaves than nodes: each feeds one */
    if (tape->leaves == AM_MAX_NODES) {
        run_out(tape, "parameters");
        tape->leaves--;
    }
}

am_var am_parameter(am_tape *tape, am_shape shape, int dtype, bool trainable, const char *name)
{
    am_var x = fixed_tensor(tape, shape, dtype, name);
    tape->tensor[x].parameter = true;
    if (trainable) make_leaf(tape, x);
    if (tape->unit) am_shard_parameter(tape, x);
    return x;
}

am_var am_buffer(am_tape *tape, am_shape shape, int dtype, const char *name)
{
    return fixed_tensor(tape, shape, dtype, name);
}

void am_require_grad(am_tape *tape, am_var x)
{
    make_leaf(tape, x);
}

/* ---- instructions ---- */

static void add_operand(am_tape *tape, am_var x)
{
    if (tape->operands == AM_MAX_OPERANDS) {
        run_out(tape, "operands");
        return;
    }
    tape->operand[tape->operands++] = x;
    int index = tape->instructions - 1;
    if (tape->instruction[index].kind == AM_I_GRAPH_END) return; /* no use by the code itself */
    tape->storage[tape->tensor[x].storage].last = (uint16_t)index;
}

static am_instruction *new_instruction(am_tape *tape, am_instruction_kind kind, int inputs, const am_var *input)
{
    if (tape->instructions == AM_MAX_INSTRUCTIONS) {
        run_out(tape, "operations");
        tape->instructions--;
    }
    am_instruction *instruction = &tape->instruction[tape->instructions++];
    *instruction = (am_instruction){.module = tape->module,
                                    .kind = (uint8_t)kind,
                                    .graph_only = tape->graph_only,
                                    .region = tape->open_region,
                                    .zone = tape->zone,
                                    .first = (uint16_t)tape->operands};
    for (int i = 0; i < inputs; i++)
        if (input[i] || kind == AM_I_OP) {
            add_operand(tape, input[i]);
            instruction->inputs++;
        }
    return instruction;
}

void am_hold_graph(am_tape *tape, bool end, am_var x, am_var y)
{
    new_instruction(tape, end ? AM_I_GRAPH_END : AM_I_GRAPH, 2, (const am_var[]){x, y});
}

void am_hold_list(am_tape *tape, int count, const am_var *x)
{
    new_instruction(tape, AM_I_HOLD, count, x);
}

#ifndef AM_FIRST
void am_hold_cast(am_tape *tape, int count, const am_var *given, const am_var *copy)
{
    for (int i = 0; i < count; i++)
        if (given[i] != copy[i]) am_hold(tape, given[i], copy[i]);
}
#endif

void am_tape_mark(am_tape *tape, am_instruction_kind kind, am_op op)
{
    am_instruction *instruction = new_instruction(tape, kind, 0, NULL);
    instruction->op = (uint8_t)op;
    instruction->match = tape->unit;
}

bool am_op_is_product(am_op op)
{
    return op == AM_OP_MM || op == AM_OP_ADDMM || op == AM_OP_BMM;
}

static bool is_listed(const am_kept *kept, am_op op, int match)
{
    if (am_ops_has(kept->ops, (int)op)) return true;
    return am_op_is_product(op) && match <= 64 && kept->products >> (match - 1) & 1;
}

bool am_region_keeps(const am_region *region, am_op op, int match)
{
    if (region->keep == AM_KEEP_NOTHING) return false;
    if (region->keep == AM_KEEP_LISTED) return is_listed(&region->kept, op, match);
    if (op == AM_OP_FLASH_ATTENTION || op == AM_OP_EFFICIENT_ATTENTION) return true;
    return am_op_is_product(op) && (region->keep == AM_KEEP_MATMULS || match % 2 == 1);
}

static void add_save(am_tape *tape, am_node *node, am_var x, int rule)
{
    if (tape->saves == (int)(sizeof tape->save / sizeof *tape->save)) {
        run_out(tape, "saved tensors");
        return;
    }
    tape->save_rule[tape->saves] = (uint8_t)rule;
    tape->save[tape->saves++] = x;
    node->save_count++;
}

/* Applies the operation's save rules. */
static void save_operands(am_tape *tape, am_node *node, int op, int inputs, const am_var *input, const am_var *result)
{
    const am_save_rule *rules = am_ops[op].saves;
    for (int rule = 0; rule < AM_MAX_SAVES && rules[rule].attribute; rule++) {
        if (rules[rule].needs >= 0 && !tape->tensor[input[rules[rule].needs]].grad) continue;
        if (!rules[rule].result && rules[rule].index >= inputs) continue;
        am_var x = (rules[rule].result ? result : input)[rules[rule].index];
        if (!x) continue;
        add_save(tape, node, x, rule);
        node->saves_result |= rules[rule].result;
    }
}

static uint16_t new_node(am_tape *tape, int results)
{
    if (tape->nodes == AM_MAX_NODES || tape->gradients + results >= AM_MAX_GRADIENTS) {
        run_out(tape, "autograd nodes");
        return 0;
    }
    uint16_t index = (uint16_t)tape->nodes++;
    tape->node[index] = (am_node){.instruction = (uint16_t)(tape->instructions - 1),
                                  .first_save = (uint16_t)tape->saves,
                                  .first_gradient = (uint16_t)tape->gradients};
    tape->gradients += results;
    return index;
}

/* Notes which of the results the node made: those that can carry a gradient. */
static void attach(am_tape *tape, uint16_t node, int results, const am_var *result)
{
    for (int i = 0; i < results; i++)
        if (am_dtypes[tape->tensor[result[i]].dtype].floating) {
            tape->tensor[result[i]].grad = true;
            tape->tensor[result[i]].node = node;
            tape->tensor[result[i]].output = (uint8_t)i;
        }
}

/* Records one operation; results exist already. */
am_var am_tape_emit(am_tape *tape, am_op op, int inputs, const am_var *input, int results, const am_var *result,
                    int64_t flops)
{
    bool grad = false;
    for (int i = 0; i < inputs; i++) grad |= tape->tensor[input[i]].grad;
    am_instruction *instruction = new_instruction(tape, AM_I_OP, inputs, input);
    for (int i = 0; i < results; i++) add_operand(tape, result[i]);
    instruction->results = (uint8_t)results;
    instruction->op = (uint8_t)op;
    instruction->flops = flops;
    tape->flops += flops;
    am_region *region = &tape->region[tape->open_region];
    if (tape->open_region && am_op_is_product(op)) region->matmuls++;
    instruction->match = tape->open_region ? region->matmuls : 0;
    if (grad && (am_ops[op].backward[0].kind != AM_END)) {
        uint16_t node = new_node(tape, results);
        if (!node) return result[0];
        instruction->node = node;
        save_operands(tape, &tape->node[node], (int)op, inputs, input, result);
        instruction->saves = tape->node[node].save_count > 0;
        if (tape->open_region && instruction->saves) {
            region->savers++;
            region->stop = (uint16_t)(tape->instructions - 1);
        }
        attach(tape, node, results, result);
    }
    return result[0];
}

am_var am_tape_emit1(am_tape *tape, am_op op, am_var x, am_var y)
{
    return am_tape_emit(tape, op, 1, &x, 1, &y, 0);
}

static void emit_raw(am_tape *tape, am_op op, int inputs, const am_var *input, int results, const am_var *result)
{
    am_instruction *instruction = new_instruction(tape, AM_I_OP, inputs, input);
    for (int i = 0; i < results; i++) add_operand(tape, result[i]);
    instruction->results = (uint8_t)results;
    instruction->op = (uint8_t)op;
}

am_var am_raw(am_tape *tape, am_op op, am_shape shape, int dtype, am_var a, am_var b, am_var c, am_var d)
{
    am_var input[4] = {a, b, c, d}, y = am_tape_fresh(tape, shape, dtype);
    int inputs = 0;
    while (inputs < 4 && input[inputs]) inputs++;
    emit_raw(tape, op, inputs, input, 1, &y);
    return y;
}

void am_raw_pair(am_tape *tape, am_op op, am_shape shape, int first, int second, am_var x, am_var result[2])
{
    result[0] = am_tape_fresh(tape, shape, first);
    result[1] = am_tape_fresh(tape, shape, second);
    emit_raw(tape, op, 1, &x, 2, result);
}

/* ---- checkpointed regions ---- */

void am_region_begin(am_tape *tape, am_var x, int held, const am_var *hold)
{
    if (tape->regions == AM_MAX_REGIONS) {
        run_out(tape, "checkpointed regions");
        return;
    }
    uint16_t around = tape->open_region;
    tape->open_region = (uint16_t)tape->regions++;
    am_region *region = &tape->region[tape->open_region];
    *region = (am_region){.around = around, .checkpointed = tape->open_region, .first_input = (uint16_t)tape->operands, .arguments = 1};
    am_var input[8] = {x};
    for (int i = 0; i < held && AM_ALWAYS(i < 7); i++) input[i + 1] = hold[i]; /* six of kinds of layers and one beside them */
    region->inputs = new_instruction(tape, AM_I_BEGIN, held + 1, input)->inputs;
    region->start = (uint16_t)tape->instructions;
    region->first_storage = (uint16_t)tape->storages;
}

void am_region_end(am_tape *tape, am_var y)
{
    am_region *region = &tape->region[tape->open_region];
    region->end = (uint16_t)tape->instructions;
    region->last_storage = (uint16_t)tape->storages;
    region->output = y;
    new_instruction(tape, AM_I_END, 1, &y);
    tape->open_region = region->around;
}

void am_region_end_with(am_tape *tape, am_var y, am_var second, am_var third)
{
    am_region *region = &tape->region[tape->open_region];
    am_hold(tape, second, third);
    region->more[0] = second;
    region->more[1] = third;
    am_region_end(tape, y);
}

void am_tape_send_away(am_tape *tape, am_away away, int64_t parts)
{
    tape->away = (uint8_t)away;
    tape->parts = parts;
}

int64_t am_tape_copy_bytes(const am_tape *tape, int i)
{
    const am_tensor *tensor = &tape->tensor[tape->save[i]];
    return am_block_bytes(am_layout_elements(tensor->rank, tensor->shape) * am_dtypes[tensor->dtype].size, tape->block);
}

void am_region_discard(am_tape *tape, uint16_t index, am_var hook)
{
    am_region *region = &tape->region[index];
    const am_var results[] = {region->output, region->more[0], region->more[1]};
    region->discards = true;
    for (int i = 0; i < 3 && results[i]; i++) tape->storage[tape->tensor[results[i]].storage].region = (uint8_t)index;
    tape->node[tape->tensor[hook].node].restores = (uint8_t)index;
    new_instruction(tape, AM_I_DISCARD, 3, results)->dims[0] = (uint8_t)index;
}

void am_region_distribute(am_tape *tape, am_symbol ranks)
{
    am_region *region = &tape->region[tape->open_region];
    am_storage *input = &tape->storage[tape->tensor[tape->operand[region->first_input]].storage];
    am_dim whole = 0;
    for (int i = 0; i < input->rank; i++) whole = am_times(tape, whole, input->dim[i]);
    region->part = am_dim_quotient(tape->extents, whole, ranks);
    region->distributes = true;
    input->region = (uint8_t)tape->open_region;
}

/* Once those around it, which stand before it, are settled. */
static void settle(am_tape *tape, int index)
{
    am_region *region = &tape->region[index];
    region->checkpointed = region->keep == AM_KEEP_EVERYTHING ? tape->region[region->around].checkpointed : (uint16_t)index;
}

void am_tape_checkpoint(am_tape *tape, am_recompute kind, am_keep keep)
{
    am_tape_send_away(tape, AM_AWAY_NOTHING, 1);
    for (int i = 1; i < tape->regions; i++) {
        tape->region[i].kind = (uint8_t)kind;
        tape->region[i].keep = (uint8_t)keep;
        settle(tape, i);
    }
}

void am_tape_checkpoint_region(am_tape *tape, int index, am_recompute kind, am_keep keep)
{
    tape->region[index].kind = (uint8_t)kind;
    tape->region[index].keep = (uint8_t)keep;
    for (int i = index; i < tape->regions; i++) settle(tape, i); /* it, and those in it */
}

void am_tape_keep(am_tape *tape, am_kept kept)
{
    for (int i = 1; i < tape->regions; i++) tape->region[i].kept = kept;
}

/* ---- the end ---- */

/* Is anything computed, made, saved or let go here, or does a layer begin? */
static bool is_active(const am_tape *tape, const am_instruction *instruction)
{
    if (instruction->made_end || instruction->dying || instruction->saves) return true;
    if (instruction->kind == AM_I_OP && !am_ops[instruction->op].alias) return true; /* computes, in place, too */
    if (instruction->kind == AM_I_BEGIN || instruction->kind >= AM_I_REDUCE) return true;
    if (instruction->kind == AM_I_END && tape->region[instruction->region].distributes) return true;
    return instruction == tape->instruction || instruction->zone != instruction[-1].zone;
}

/* Lists the active instructions, and where those of regions begin and end; the FLOPs of zones. */
static void find_active(am_tape *tape)
{
    int actives = 0;
    const int instructions = tape->instructions;
    for (int i = 0; i < instructions; i++) {
        const am_instruction *instruction = &tape->instruction[i];
        if (instruction->kind == AM_I_END) tape->region[instruction->region].active_end = (uint16_t)actives;
        if (is_active(tape, instruction)) tape->active[actives++] = (uint16_t)i;
        if (instruction->kind == AM_I_BEGIN) tape->region[instruction->region].active = (uint16_t)actives;
        if (instruction->flops) tape->zone_flops[instruction->zone] += instruction->flops;
    }
    tape->active[actives] = UINT16_MAX;
    tape->actives = actives;
}

/* Says of each instruction which storages it makes, and which its code lets go of. */
static void find_lives(am_tape *tape)
{
    for (int i = 1; i < tape->storages; i++) {
        am_storage *storage = &tape->storage[i];
        if (storage->permanent) storage->last = UINT16_MAX;
        if (storage->fixed) continue;
        am_instruction *maker = &tape->instruction[storage->born];
        if (!maker->made_end) maker->made = (uint16_t)i;
        maker->made_end = (uint16_t)(i + 1);
        if (storage->last == UINT16_MAX) continue;
        storage->next_dying = tape->instruction[storage->last].dying;
        tape->instruction[storage->last].dying = (uint16_t)i;
    }
}

static void begin_sums(am_tape *tape)
{
    memset(tape->zone_flops, 0, sizeof tape->zone_flops);
    memset(tape->zone_time, 0, sizeof tape->zone_time);
    memset(tape->zone_backward_time, 0, sizeof tape->zone_backward_time);
    memset(tape->zone_work, 0, sizeof tape->zone_work);
    memset(tape->executed, 0, (size_t)tape->instructions * sizeof *tape->executed);
}

void am_stays(am_tape *tape, am_var x)
{
    tape->storage[tape->tensor[x].storage].last = UINT16_MAX;
}

am_code am_tape_finish(am_tape *tape, am_var loss, am_var logits)
{
    am_stays(tape, loss);
    am_stays(tape, logits);
    am_code code = am_tape_finish_sent(tape, loss);
    tape->logits = logits;
    return code;
}

am_code am_tape_finish_sent(am_tape *tape, am_var y)
{
    if (tape->unit) am_shard_end(tape);
    if (tape->extents->full) run_out(tape, "extents");
    if (tape->zone > AM_MAX_UNITS + 1) run_out(tape, "layers");
    if (tape->status.code) return tape->status.code;
    tape->loss = y;
    tape->logits = 0;
    for (int i = 1; i < tape->leaves; i++) /* a tensor that accumulates a gradient lives as long as the graph */
        tape->storage[tape->tensor[tape->leaf[i]].storage].last = UINT16_MAX;
    find_lives(tape);
    begin_sums(tape);
    find_active(tape);
    return AM_OK;
}
