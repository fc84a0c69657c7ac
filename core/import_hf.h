/* What a model_type of transformers calls the inputs, and what such a file may not say. Private to the core. */
#ifndef AM_IMPORT_HF_H
#define AM_IMPORT_HF_H

#include "document.h"

#define AM_NOT_NULL     INT64_MIN
#define AM_MOST_HF_KEYS 22

/* A key of config.json and the input that it sets. */
typedef struct am_hf_key {
    const char *key, *alias; /* alias: another name that transformers takes for it; NULL if none */
    am_field_id field;
    int64_t absent; /* transformers' default */
    int64_t null;   /* what null stands for; AM_NOT_NULL: it may not stand there */
} am_hf_key;

typedef struct am_hf_type {
    int family;
    const char *activation; /* the key that names it; NULL if none does */
    int keys;
    am_hf_key key[AM_MOST_HF_KEYS];
} am_hf_type;

/* import_hf_types.c: what the model_type of a file is, in the whole of it or in the config of its text model, which is the document then. */
am_code am_hf_find(am_document *document, am_hf_type *type, am_status *status);
/* import_hf_refused.c: refuses what makes of the file's model another than config says. */
am_code am_hf_check(const am_config *config, const am_document *document, am_status *status);

#endif
