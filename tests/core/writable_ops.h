/* The table of operations, to be changed and put back. */
#ifndef WRITABLE_OPS_H
#define WRITABLE_OPS_H

typedef struct am_op_info am_op_info;
am_op_info *writable_ops(void);

#endif
