/* What the bytes of a hive and its logs are: offsets in its base block, bins and cells. */
#ifndef WCL_HIVE_REGF_H
#define WCL_HIVE_REGF_H

/* The base block. */
#define REGF_BASE_SIZE 4096u
#define REGF_MAGIC 0x66676572u     /* "regf" */
#define REGF_BIN_MAGIC 0x6e696268u /* "hbin" */
#define REGF_SEQUENCE_1 4
#define REGF_SEQUENCE_2 8
#define REGF_WRITTEN 12
#define REGF_MAJOR 20
#define REGF_MINOR 24
#define REGF_TYPE 28
#define REGF_FORMAT 32
#define REGF_ROOT 36
#define REGF_BINS_SIZE 40
#define REGF_CLUSTER 44
#define REGF_NAME 48
#define REGF_NAME_SIZE 64
#define REGF_FLAGS 144
#define REGF_FLAG_LAYERED 2u
#define REGF_CHECKSUM 508
#define REGF_SECTOR 512u

/* Bins and cells; offsets of cells count from the first bin. */
#define REGF_BIN_ALIGN 4096u
#define REGF_BIN_HEADER 32u
#define REGF_NONE UINT32_MAX

/* Keys. */
#define NK_FLAGS 2
#define NK_WRITTEN 4
#define NK_LAYERED 13
#define NK_PARENT 16
#define NK_SUBKEYS 20
#define NK_SUBKEY_LIST 28
#define NK_VOLATILE_LIST 32
#define NK_VALUES 36
#define NK_VALUE_LIST 40
#define NK_SECURITY 44
#define NK_CLASS 48
#define NK_MOST_SUBKEY_NAME 52
#define NK_MOST_CLASS 56
#define NK_MOST_VALUE_NAME 60
#define NK_MOST_VALUE_DATA 64
#define NK_NAME_SIZE 72
#define NK_CLASS_SIZE 74
#define NK_NAME 76
#define NK_FLAG_ROOT 0x04u
#define NK_FLAG_NO_DELETE 0x08u
#define NK_FLAG_ASCII 0x20u
#define NK_FLAG_PREDEFINED 0x40u
#define NK_SEMANTICS 0x03u
#define NK_INHERIT_CLASS 0x80u

/* Values. */
#define VK_NAME_SIZE 2
#define VK_SIZE 4
#define VK_DATA 8
#define VK_TYPE 12
#define VK_FLAGS 16
#define VK_NAME 20
#define VK_FLAG_ASCII 1u
#define VK_FLAG_TOMBSTONE 2u
#define VK_INLINE 0x80000000u
#define DB_SEGMENT 16344u
#define DB_HEADER 12u

/* Security descriptors, which are in a ring. */
#define SK_NEXT 4
#define SK_PREVIOUS 8
#define SK_REFERENCES 12
#define SK_SIZE 16
#define SK_DATA 20

/* Lists of subkeys. */
#define LIST_COUNT 2
#define LIST_ITEMS 4

#endif
