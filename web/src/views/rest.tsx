/* What stands below the first screen: loaded once that is there. */
export { Checkpointing } from './checkpointing';
export { Compare } from './compare';
export { WorkedExample } from './example';
export { Fit } from './fit';
export { Formulas } from './formulas';
export { OwnGpu } from './gpu';
export { LedgerTable } from './ledger-table';
export { Pictures } from './pictures';
export { Ranks } from './ranks';
export { Related } from './related';
export { StateTables } from './state-tables';
export { StepOverTime } from './step';
export { Undo } from './undo';
