/* The ledger: which storages are kept when the forward has returned, each once, and who keeps them. */
#include <string.h>

#include "bytes.h"
#include "layout.h"
#include "tape.h"

#ifdef AM_FIRST
enum { FIRST = true }; /* only Megatron's regions let go of outputs, or of parts of inputs */
#else
enum { FIRST = false };
#endif

typedef struct am_reader {
    am_ledger *ledger;
    const am_tape *tape;
    const am_record *record;
    uint16_t layers;
    bool repeats[AM_MAX_UNITS]; /* units that only show what others share with them */
    am_code code;
    int16_t *row_of; /* by storage: 1 + row, 0: none */
#ifndef AM_FIRST
    uint8_t *component; /* by storage: 1 + that of the row that it would have; NULL: rows are wanted */
#endif
} am_reader;

/* Unit that a zone lies in, from 0; -1 outside the layers. */
static int unit_of(const am_reader *reader, uint16_t zone)
{
    return zone == 0 || zone > reader->layers ? -1 : am_zone_unit(reader->record, zone);
}

/* A unit repeats another if an earlier one has layers of the same kind and is not the model's first. */
static void find_repeats(am_reader *reader)
{
    const am_record *record = reader->record;
    for (int unit = 2; unit < record->units; unit++)
        for (int other = 1; other < unit; other++)
            reader->repeats[unit] |= am_unit_kind(record, unit) == am_unit_kind(record, other);
}

/* Is it the output of a checkpointed region that has let go of it? */
static bool is_discarded(const am_tape *tape, uint16_t storage)
{
    if (FIRST) return false;
    const am_region *region = &tape->region[tape->storage[storage].region];
    return region->discards; /* which is recorded only where it runs again */
}

/* The part of a storage that the region whose input it is keeps for this rank, as its length; 0: all of it. */
static am_dim part_of(const am_tape *tape, uint16_t storage)
{
    if (FIRST) return 0;
    const am_region *region = &tape->region[tape->storage[storage].region];
    return region->distributes && region->keep != AM_KEEP_EVERYTHING ? region->part : 0;
}

static int64_t bytes_of(const am_tape *tape, uint16_t index)
{
    const am_storage *storage = &tape->storage[index];
    am_dim part = part_of(tape, index);
    return part ? am_block_bytes(tape->extents->of[part].n * am_dtypes[storage->dtype].size, tape->block) : storage->bytes;
}

/* Where only components are wanted, of every unit: a first saver's. */
static bool note_component(am_reader *reader, am_var x, am_component component)
{
#ifdef AM_FIRST
    (void)reader;
    (void)x;
    (void)component;
    return false;
#else
    if (!reader->component) return false;
    uint8_t *own = &reader->component[reader->tape->tensor[x].storage];
    if (!*own) *own = (uint8_t)(component + 1);
    return true;
#endif
}

/* Tables and masks: every region's closure holds them, even where one region was recorded. */
static bool made_before_layers(const am_tape *tape, am_var x)
{
    return tape->instruction[tape->storage[tape->tensor[x].storage].born].zone == 0;
}

static am_row *new_row(am_reader *reader, am_var x, const am_instruction *instruction)
{
    am_ledger *ledger = reader->ledger;
    if (ledger->count == AM_MAX_ROWS) {
        reader->code = AM_CAPACITY;
        return NULL;
    }
    am_row *row = &ledger->row[ledger->count++];
    const uint16_t storage = reader->tape->tensor[x].storage;
    row->module = instruction->module;
    row->op = instruction->kind == AM_I_BEGIN ? AM_OP_CHECKPOINT : (am_op)instruction->op;
    row->bytes = bytes_of(reader->tape, storage);
    row->zone = instruction->zone;
    row->tensor = x;
    row->given = made_before_layers(reader->tape, x) ? storage : 0;
    row->savers = 0;
    row->shared = false;
    row->kinds = 0;
    row->permanent = reader->tape->storage[storage].permanent;
    return row;
}

static void add_saver(am_row *row, uint8_t op, uint8_t rule)
{
    for (int i = 0; i < row->savers; i++)
        if (row->saved_by[i].op == op && row->saved_by[i].rule == rule) return;
    if (row->savers == AM_MAX_SAVERS) return;
    row->saved_by[row->savers].op = op;
    row->saved_by[row->savers++].rule = rule;
}

/* Charges a tensor's storage to its first saver, and notes the others. Returns its row; NULL if it has none. */
static am_row *charge(am_reader *reader, am_var x, const am_instruction *instruction, uint8_t rule)
{
    uint16_t index = reader->tape->tensor[x].storage;
    if (reader->tape->storage[index].fixed || is_discarded(reader->tape, index)) return NULL;
    if (note_component(reader, x, instruction->module.component)) return NULL;
    am_row *row = NULL;
    int now = unit_of(reader, instruction->zone);
    if (reader->row_of[index]) {
        row = &reader->ledger->row[reader->row_of[index] - 1];
        int unit = unit_of(reader, row->zone);
        if (unit >= 0 && now >= 0 && unit != now) row->shared = true;
    } else {
        if (now >= 0 && reader->repeats[now]) return NULL;
        row = new_row(reader, x, instruction);
        if (!row) return NULL;
        reader->row_of[index] = (int16_t)reader->ledger->count;
    }
    if (now >= 0) row->kinds |= (uint8_t)(1 << reader->record->kind[instruction->zone - 1]);
    add_saver(row, rule >= AM_BY_SELECTIVE ? AM_OP_CHECKPOINT : instruction->op, rule);
    return row;
}

/* Can it make autograd keep something, or a region? Most instructions are views, what the code itself holds, or in a region that
 * keeps its inputs alone. */
static bool may_keep(const am_tape *tape, const am_instruction *instruction)
{
    if (instruction->kind != AM_I_OP) return instruction->kind == AM_I_BEGIN;
    uint16_t region = am_checkpointed_region(tape, instruction);
    if (region) return tape->region[region].keep != AM_KEEP_NOTHING;
    return instruction->saves;
}

#ifdef AM_FIRST /* where that is smaller */
#define next_active(tape, active) ((active) + 1)
#else
/* The next place in tape->active where that may be: a region that keeps its inputs alone is passed over as a whole. */
static int next_active(const am_tape *tape, int active)
{
    const am_instruction *instruction = &tape->instruction[tape->active[active]];
    uint16_t region = am_region_begun(tape, instruction);
    return region && tape->region[region].keep == AM_KEEP_NOTHING ? tape->region[region].active_end : active + 1;
}
#endif

static void read_instruction(am_reader *reader, const am_instruction *instruction)
{
    const am_tape *tape = reader->tape;
    uint16_t index = am_checkpointed_region(tape, instruction);
    const am_region *region = &tape->region[index];
    if (am_region_begun(tape, instruction))
        for (int i = am_is_away(tape, AM_AWAY_INPUTS); i < instruction->inputs; i++) {
            if (i == 0 && reader->record->regions) note_component(reader, tape->operand[instruction->first], AM_C_RESIDUAL);
            am_row *row = charge(reader, tape->operand[instruction->first + i], instruction, AM_BY_CHECKPOINT);
            if (row && i > 0 && row->given) row->shared = true;
            if (row && i == 0 && row->savers == 1 && reader->record->regions)
                row->module = (am_module){"", "", AM_C_RESIDUAL}; /* the layer's input */
            if (row && i == 0 && row->savers == 1 && am_is_away(tape, AM_AWAY_PARTS))
                row->bytes = am_block_bytes(row->bytes / tape->parts, tape->block);
        }
    if (instruction->kind != AM_I_OP) return;
    if (index) {
        if (!am_instruction_kept(region, instruction)) return;
        for (int i = 0; i < instruction->results; i++)
            charge(reader, tape->operand[instruction->first + instruction->inputs + i], instruction, AM_BY_SELECTIVE);
        return;
    }
    if (am_is_away(tape, AM_AWAY_SAVED)) return; /* else it has a node: may_keep */
    const am_node *node = &tape->node[instruction->node];
    for (int i = node->first_save; i < node->first_save + node->save_count; i++)
        charge(reader, tape->save[i], instruction, tape->save_rule[i]);
}

static void read_tape(am_reader *reader)
{
    const am_tape *tape = reader->tape;
    for (int i = 0; i < tape->actives && reader->code == AM_OK; i = next_active(tape, i)) {
        const am_instruction *instruction = &tape->instruction[tape->active[i]];
        if (may_keep(tape, instruction)) read_instruction(reader, instruction);
    }
}

static bool is_first_input(const am_reader *reader, const am_row *row)
{
    const am_tape *tape = reader->tape;
    return reader->record->regions &&
           tape->tensor[row->tensor].storage == tape->tensor[tape->operand[tape->region[1].first_input]].storage;
}

#ifndef AM_FIRST /* only Megatron's layers make what lasts */
static void sum_lasting(am_reader *reader)
{
    am_ledger *ledger = reader->ledger;
    memset(ledger->lasting, 0, sizeof ledger->lasting);
    for (int i = 0; i < ledger->count; i++) {
        const am_row *row = &ledger->row[i];
        if (!row->permanent || row->given) continue;
        am_unit_lasting *unit = &ledger->lasting[unit_of(reader, row->zone)];
        *(reader->tape->storage[reader->tape->tensor[row->tensor].storage].renewed ? &unit->renewed : &unit->once) +=
            row->bytes;
    }
}
#else
#define sum_lasting(reader) ((void)0)
#endif

static void sum_units(am_reader *reader)
{
    am_ledger *ledger = reader->ledger;
    sum_lasting(reader);
    for (int i = 0; i < ledger->count; i++) {
        const am_row *row = &ledger->row[i];
        int unit = unit_of(reader, row->zone);
        if (row->shared)
            ledger->shared_bytes += row->bytes;
        else if (unit < 0)
            ledger->outside_bytes += row->bytes;
        else
            ledger->unit_bytes[unit] += row->bytes;
        if (unit < 0 || row->shared || !row->given) continue;
        ledger->unit_given[unit] += row->bytes;
        if (is_first_input(reader, row)) ledger->own_input = row->bytes;
    }
}

am_code am_ledger_read(am_ledger *ledger, const am_tape *tape, am_record record)
{
    if (tape->status.code) return tape->status.code;
    ledger->count = 0;
    ledger->shared_bytes = ledger->outside_bytes = ledger->own_input = 0;
    memset(ledger->unit_bytes, 0, sizeof ledger->unit_bytes);
    memset(ledger->unit_given, 0, sizeof ledger->unit_given);
    memset(ledger->row_of, 0, (size_t)tape->storages * sizeof *ledger->row_of);
    am_reader reader = {.ledger = ledger, .tape = tape, .record = &record, .row_of = ledger->row_of};
    reader.layers = (uint16_t)am_record_layers(&record);
    find_repeats(&reader);
    read_tape(&reader);
    sum_units(&reader);
    return reader.code;
}

#ifndef AM_FIRST
void am_ledger_components(uint8_t component[AM_MAX_STORAGES], const am_tape *tape, am_record record)
{
    memset(component, 0, (size_t)tape->storages);
    am_reader reader = {.tape = tape, .record = &record, .component = component};
    reader.layers = (uint16_t)am_record_layers(&record);
    read_tape(&reader);
}
#endif

/* ---- what layers are given ---- */

/* Of storages as a set, by their index: those that are made before the layers and that nothing but graphs keeps. The first input where
 * it has no gradient and goes within the first unit, as only a region keeps it, counts with what that unit leaves, as the others' do. */
static uint64_t given_before(const am_tape *tape, uint64_t input, int first_end)
{
    uint64_t set = 0;
    for (int i = 1; i < AM_MAX_GIVEN && i < tape->storages; i++) {
        const am_storage *storage = &tape->storage[i];
        bool lent = !storage->fixed && !storage->permanent && storage->last != UINT16_MAX;
#ifndef AM_FIRST
        lent = lent && !(input >> i & 1 && tape->instruction[storage->last].zone <= first_end);
#else
        (void)input, (void)first_end;
#endif
        if (lent && tape->instruction[storage->born].zone == 0) set |= (uint64_t)1 << i;
    }
    return set;
}

#ifndef AM_FIRST /* only Megatron's layers make what lasts */
static uint64_t lasting_before(const am_tape *tape)
{
    uint64_t set = 0;
    for (int i = 1; i < AM_MAX_GIVEN && i < tape->storages; i++)
        if (!tape->storage[i].fixed && am_lasts_once(tape, i)) set |= (uint64_t)1 << i;
    return set;
}
#else
#define lasting_before(tape) 0
#endif

static uint64_t set_of(const am_tape *tape, am_var x)
{
    uint16_t storage = tape->tensor[x].storage;
    return storage < AM_MAX_GIVEN ? (uint64_t)1 << storage : 0;
}

/* What this instruction, which saves something or begins a region, makes its layer's graph hold until the layer's backward has run; *stays: or the whole backward. */
static uint64_t held_by(const am_tape *tape, const am_instruction *instruction, uint64_t *stays)
{
    uint64_t set = 0;
    uint16_t index = am_checkpointed_region(tape, instruction);
    const am_region *region = &tape->region[index];
    bool away = am_inputs_away(tape);
    for (int i = away; i < instruction->inputs && am_region_begun(tape, instruction); i++) {
        uint64_t one = set_of(tape, tape->operand[instruction->first + i]);
        set |= one;
        if (region->kind == AM_REENTRANT && i >= region->arguments) *stays |= one;
    }
    if (index || instruction->kind != AM_I_OP || am_is_away(tape, AM_AWAY_SAVED)) return set;
    const am_node *node = &tape->node[instruction->node];
    for (int i = node->first_save; i < node->first_save + node->save_count; i++) set |= set_of(tape, tape->save[i]);
    return set;
}

void am_given_read(am_given *given, const am_tape *tape, am_record record)
{
    am_var first = record.regions ? tape->operand[tape->region[1].first_input] : 0;
    uint64_t input = first ? set_of(tape, first) : 0, lent = given_before(tape, tape->tensor[first].grad ? 0 : input, am_unit_zone(&record, 1) - 1);
    const uint64_t lasting = lasting_before(tape);
    *given = (am_given){.input = input};
    for (int i = 0; i < tape->actives; i = next_active(tape, i)) {
        const am_instruction *instruction = &tape->instruction[tape->active[i]];
        if (!may_keep(tape, instruction)) continue;
        uint64_t held = held_by(tape, instruction, &given->stays);
        if (!held) continue;
        int unit = am_zone_unit(&record, instruction->zone);
#ifndef AM_FIRST
        given->lasting |= held & lasting;
#endif
        if (instruction->zone == 0)
            lent &= ~held;
        else if (unit < record.units)
            given->held[unit] |= held;
    }
    for (uint64_t set = lent | lasting; set; set &= set - 1) {
        int i = __builtin_ctzll(set);
        given->bytes[i] = bytes_of(tape, (uint16_t)i);
        if (lent >> i & 1 && tape->instruction[tape->storage[i].last].zone > am_record_layers(&record)) given->framed |= (uint64_t)1 << i;
    }
    given->stays &= lent;
    for (int unit = 0; unit < record.units; unit++) given->held[unit] &= lent;
}

/* ---- description ---- */

static am_term elements_of(const am_tape *tape, const am_storage *storage)
{
    am_term term = tape->extents->of[storage->rank > 0 ? storage->dim[0] : 0].term;
    for (int i = 1; i < storage->rank; i++) term = am_term_product(&term, &tape->extents->of[storage->dim[i]].term);
    return term;
}

static void describe(am_row *row, const am_tape *tape)
{
    const am_tensor *tensor = &tape->tensor[row->tensor];
    const am_storage *storage = &tape->storage[tensor->storage];
    row->name = storage->name ? storage->name : "tensor";
    row->dtype = storage->dtype;
    row->cached = storage->cached;
    row->elements = elements_of(tape, storage);
    am_dim part = part_of(tape, tensor->storage);
    if (part) {
        row->elements = row->extent[0] = tape->extents->of[part].term;
        row->shape[0] = tape->extents->of[part].n;
        row->padding = row->bytes - row->shape[0] * am_dtypes[storage->dtype].size;
        row->rank = 1;
        return;
    }
    bool shared_out = am_is_away(tape, AM_AWAY_PARTS) && row->bytes < storage->bytes; /* one rank's, of the flattened tensor */
    if (shared_out) row->elements.power[AM_TP]--;
    int64_t bytes = am_dtypes[storage->dtype].size, own = am_layout_elements(tensor->rank, tensor->shape) * bytes;
    for (int i = 0; i < storage->rank; i++) bytes *= tape->extents->of[storage->dim[i]].n;
    row->padding = storage->bytes - bytes;
    if (shared_out) {
        row->padding = row->bytes - bytes / tape->parts;
        row->rank = 1;
        row->shape[0] = bytes / tape->parts / am_dtypes[storage->dtype].size;
        row->extent[0] = row->elements;
        return;
    }
    bool whole = own == bytes; /* a view of a part, or of more than there is, is shown as the storage that it keeps */
    row->rank = whole ? tensor->rank : storage->rank;
    for (int i = 0; i < row->rank; i++) {
        am_dim dim = whole ? tensor->dim[i] : storage->dim[i];
        row->shape[i] = tape->extents->of[dim].n;
        row->extent[i] = tape->extents->of[dim].term;
    }
}

void am_ledger_describe(am_ledger *ledger, const am_tape *tape)
{
    for (int i = 0; i < ledger->count; i++) describe(&ledger->row[i], tape);
}
