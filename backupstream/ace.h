/* Access control entries: the types there are, their layout, and how SDDL names them. */
#ifndef WCL_BACKUPSTREAM_ACE_H
#define WCL_BACKUPSTREAM_ACE_H

#include "base/buffer.h"
#include "base/cursor.h"

#define WCL_ACL_HEADER_SIZE 8
#define WCL_ACE_HEADER_SIZE 4

#define WCL_ACL_REVISION 2
#define WCL_ACL_REVISION_OBJECT 4 /* of an ACL that has an ACE with object GUIDs */

#define WCL_ACE_OBJECT_TYPE_PRESENT 1u
#define WCL_ACE_INHERITED_OBJECT_TYPE_PRESENT 2u

/* What stands behind the SID of an ACE. */
typedef enum wcl_ace_tail {
    WCL_ACE_TAIL_NONE,
    WCL_ACE_TAIL_CONDITION, /* a conditional expression */
    WCL_ACE_TAIL_CLAIM,     /* a resource attribute */
} wcl_ace_tail;

typedef struct wcl_ace_type {
    const char *name; /* in SDDL; NULL where SDDL has none */
    wcl_ace_tail tail;
    uint8_t type;
    bool is_object; /* flags and up to two GUIDs stand before the SID */
    bool is_label;  /* the mask is an integrity policy */
} wcl_ace_type;

typedef struct wcl_ace {
    const wcl_ace_type *type;
    uint8_t flags;
    uint32_t mask;
    const uint8_t *object_type;           /* 16 bytes, or NULL */
    const uint8_t *inherited_object_type; /* 16 bytes, or NULL */
    const uint8_t *sid;
    size_t sid_size;
    const uint8_t *tail; /* what is behind the SID */
    size_t tail_size;
} wcl_ace;

/* NULL where the number or the name is unknown. */
const wcl_ace_type *wcl_ace_type_find(uint8_t type);
const wcl_ace_type *wcl_ace_type_named(const char *name, size_t length);

/*
 * Takes the next ACE of an ACL whose header is behind `acl`. `type` is the number even where
 * `ace->type` is NULL (unknown: then only the flags are filled in). `position` is the ACL's, for
 * messages.
 */
wcl_status wcl_ace_take(wcl_cursor *acl, size_t position, wcl_ace *ace, uint8_t *type,
                        wcl_error *error);

#endif
