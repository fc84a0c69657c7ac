/* A GPU as the benchmark sees it: wasm/gpu.ts makes one of WebGPU, tests/wasm/fake_gpu.c one of a virtual clock.
 *
 * Objects are integers above 0. What fails while one is made shows in the status of the next event. Each call that ends in
 * _async leads to exactly one am_bench_event, never before it has returned, and one at a time is under way. */
#ifndef AM_GPU_H
#define AM_GPU_H

#include <stdint.h>

#ifdef __wasm__
#define AM_IMPORT __attribute__((import_module("gpu")))
#else
#define AM_IMPORT
#endif

/* Numbers are shared with gpu.ts. */
typedef enum am_gpu_event {
    AM_GPU_OPENED = 1,
    AM_GPU_COMPILED,
    AM_GPU_RAN,
    AM_GPU_READ,
    AM_GPU_LOST, /* the device is gone: comes unasked, and nothing comes after it */
} am_gpu_event;

typedef enum am_gpu_status {
    AM_GPU_OK,
    AM_GPU_ABSENT,        /* no WebGPU */
    AM_GPU_NO_ADAPTER,    /* WebGPU, but no GPU that it would use */
    AM_GPU_REFUSED,       /* an adapter that gives no device */
    AM_GPU_OUT_OF_MEMORY, /* a buffer could not be made */
    AM_GPU_INVALID,       /* the shader's compiler or a check of the API refused something */
} am_gpu_status;

typedef struct am_gpu_limits {
    uint32_t timestamps, f16; /* 1: has them */
    uint32_t buffer_bytes;    /* of one buffer, which a kernel can have as a whole; at most 2^31 */
    uint32_t workgroup_bytes; /* memory that a workgroup shares */
    uint32_t workgroup_size;  /* threads of a workgroup */
    uint32_t workgroups;      /* along one dimension */
} am_gpu_limits;

typedef struct am_gpu_dispatch {
    int32_t kernel, binding;
    uint32_t grid[3]; /* workgroups */
} am_gpu_dispatch;

/* Opens the GPU: AM_GPU_OPENED, with the limits filled in if its status is AM_GPU_OK. timestamps: 0 leaves them out. */
AM_IMPORT void am_gpu_open_async(am_gpu_limits *limits, int32_t timestamps);
/* A buffer of zeros. */
AM_IMPORT int32_t am_gpu_buffer(uint32_t bytes);
/* A uniform buffer of these bytes, at least 16. */
AM_IMPORT int32_t am_gpu_uniform(const void *from, uint32_t bytes);
/* Compiles a kernel from WGSL; its entry point is main. AM_GPU_COMPILED. */
AM_IMPORT int32_t am_gpu_compile_async(const char *wgsl, uint32_t length);
/* The buffers of a kernel, in the order of its bindings. */
AM_IMPORT int32_t am_gpu_bind(int32_t kernel, const int32_t *buffers, uint32_t count);
/* Runs a list of dispatches so many times over, in one pass: AM_GPU_RAN, with the milliseconds from submission to the browser's
 * word that it is done and, if asked for, the difference of timestamps at the pass's ends, in nanoseconds as the browser has it. */
AM_IMPORT void am_gpu_run_async(const am_gpu_dispatch *list, uint32_t count, uint32_t times, int32_t timestamps);
/* AM_GPU_READ: bytes of a buffer from an offset on, both divisible by 4, stand in `to`. */
AM_IMPORT void am_gpu_read_async(int32_t buffer, uint32_t offset, void *to, uint32_t bytes);
/* Ends a buffer, a kernel or a binding; 0 is none. What was submitted before still runs. */
AM_IMPORT void am_gpu_free(int32_t object);
/* Bytes of all buffers that are there, as the API states their sizes. */
AM_IMPORT double am_gpu_live_bytes(void);
/* 1: wakes the browser while something is waited for, by empty submissions. Some look at the GPU ten times a second else. */
AM_IMPORT void am_gpu_nudge(int32_t on);
/* Milliseconds of a clock that never goes back. */
AM_IMPORT double am_gpu_now(void);

#endif
