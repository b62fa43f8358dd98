/* Showing keys and values, for people and as JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/printable.h"
#include "base/utf16.h"
#include "cli/describe.h"
#include "cli/hives.h"

static const char *const semantics_names[] = { "merged", "deleted", "supersedes-key",
                                               "supersedes-tree" };

static const char *type_name(uint32_t type, char text[16])
{
    static const char *const names[] = { "REG_NONE",
                                         "REG_SZ",
                                         "REG_EXPAND_SZ",
                                         "REG_BINARY",
                                         "REG_DWORD",
                                         "REG_DWORD_BIG_ENDIAN",
                                         "REG_LINK",
                                         "REG_MULTI_SZ",
                                         "REG_RESOURCE_LIST",
                                         "REG_FULL_RESOURCE_DESCRIPTOR",
                                         "REG_RESOURCE_REQUIREMENTS_LIST",
                                         "REG_QWORD" };

    if (type < sizeof(names) / sizeof(names[0]))
        return names[type];
    snprintf(text, 16, "0x%" PRIx32, type);
    return text;
}

/* ---- What a value is ------------------------------------------------------------------------- */

static bool is_text(const wcl_hive_value *value)
{
    return (value->type == WCL_HIVE_SZ || value->type == WCL_HIVE_EXPAND_SZ ||
            value->type == WCL_HIVE_LINK || value->type == WCL_HIVE_MULTI_SZ) &&
           value->size % 2 == 0;
}

static bool is_number(const wcl_hive_value *value, uint64_t *number)
{
    bool is_big = value->type == WCL_HIVE_DWORD_BIG_ENDIAN;
    size_t size = value->type == WCL_HIVE_QWORD ? 8 : 4;

    if ((value->type != WCL_HIVE_DWORD && value->type != WCL_HIVE_QWORD && !is_big) ||
        value->size != size)
        return false;
    *number = 0;
    for (size_t i = 0; i < size; i++)
        *number = *number << 8 | value->data[is_big ? i : size - 1 - i];
    return true;
}

/* The text of a value, in WTF-8, without the NULs at its end. */
static wcl_status text_of(const wcl_hive_value *value, wcl_buffer *text, wcl_error *error)
{
    wcl_buffer_clear(text);
    if (wcl_utf16_to_wtf8(value->data, value->size, text, error) != WCL_OK)
        return WCL_FAILED;
    while (text->size && text->data[text->size - 1] == '\0')
        text->size--;
    return WCL_OK;
}

/* ---- For people ------------------------------------------------------------------------------ */

/* Printed as it may be shown; a NUL is shown as `nul`. */
static wcl_status print_shown(const char *text, size_t size, const char *nul, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer copy = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer shown = WCL_BUFFER_INIT;

    if (wcl_buffer_append(&copy, text, size, error) != WCL_OK)
        return WCL_FAILED;
    const char *at = wcl_buffer_text(&copy), *end = at + size;
    for (; at <= end; at += strlen(at) + 1)
        if ((at != wcl_buffer_text(&copy) &&
             wcl_buffer_append_text(&shown, nul, error) != WCL_OK) ||
            wcl_printable_append(&shown, at, error) != WCL_OK)
            return WCL_FAILED;
    fputs(wcl_buffer_text(&shown), stdout);
    return WCL_OK;
}

static wcl_status print_data(const wcl_hive_value *value, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    uint64_t number;

    if (is_number(value, &number)) {
        printf("0x%" PRIx64, number);
        return WCL_OK;
    }
    if (is_text(value))
        return text_of(value, &text, error) == WCL_OK
                   ? print_shown(wcl_buffer_text(&text), text.size, "\\0", error)
                   : WCL_FAILED;
    for (size_t i = 0; i < value->size; i++)
        printf("%02X", value->data[i]);
    return WCL_OK;
}

static wcl_status print_value(const wcl_hive_value *value, wcl_error *error)
{
    char type[16];

    fputs("    ", stdout);
    if (value->name_size == 0)
        fputs("(Default)", stdout);
    else if (print_shown(value->name, value->name_size, "\\x00", error) != WCL_OK)
        return WCL_FAILED;
    if (value->is_tombstone) {
        fputs("    (deleted)\n", stdout);
        return WCL_OK;
    }
    printf("    %s    ", type_name(value->type, type));
    if (print_data(value, error) != WCL_OK)
        return WCL_FAILED;
    fputc('\n', stdout);
    return WCL_OK;
}

static wcl_status print_key(const hive_output *output, const char *path, size_t path_size,
                            const wcl_hive_key_info *info)
{
    if (print_shown(path, path_size, "\\x00", &output->cli->error) != WCL_OK)
        return WCL_FAILED;
    if (info->semantics != WCL_HIVE_MERGED)
        printf("    (%s)", semantics_names[info->semantics & 3]);
    fputc('\n', stdout);
    return WCL_OK;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static wcl_status json_strings(json_out *json, const wcl_buffer *text)
{
    const char *at = wcl_buffer_text(text), *end = at + text->size;

    json_begin(json, "data", '[');
    while (at < end) {
        size_t size = strnlen(at, (size_t)(end - at));
        json_text_sized(json, NULL, at, size);
        at += size + 1;
    }
    json_end(json, '[');
    return WCL_OK;
}

static wcl_status json_data(json_out *json, const wcl_hive_value *value, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    uint64_t number;

    if (is_number(value, &number)) {
        json_unsigned(json, "data", number);
        return WCL_OK;
    }
    if (is_text(value)) {
        if (text_of(value, &text, error) != WCL_OK)
            return WCL_FAILED;
        if (value->type == WCL_HIVE_MULTI_SZ)
            return json_strings(json, &text);
        json_text_sized(json, "data", wcl_buffer_text(&text), text.size);
        return WCL_OK;
    }
    for (size_t i = 0; i < value->size; i++)
        if (wcl_buffer_printf(&text, error, "%02x", value->data[i]) != WCL_OK)
            return WCL_FAILED;
    json_text(json, "hex", wcl_buffer_text(&text));
    return WCL_OK;
}

static wcl_status json_value(const hive_output *output, json_out *json, const wcl_hive_value *value)
{
    char type[16];
    wcl_status status = WCL_OK;

    json_begin(json, NULL, '{');
    json_text_sized(json, "name", value->name, value->name_size);
    if (output->is_alone)
        json_bool(json, "deleted", value->is_tombstone);
    else
        json_text(json, "layer", output->chain->hives[value->layer].layer);
    if (!value->is_tombstone) {
        json_text(json, "type", type_name(value->type, type));
        status = json_data(json, value, &output->cli->error);
    }
    json_end(json, '{');
    return status;
}

static void json_key(const hive_output *output, json_out *json, const char *path, size_t path_size,
                     const wcl_hive_key_info *info)
{
    char time[64];
    wcl_error why = WCL_ERROR_INIT;
    char *sddl = NULL;

    json_text_sized(json, "key", path, path_size);
    json_text(json, "written", format_filetime(info->written, time, sizeof(time)));
    if (info->class_name)
        json_text_sized(json, "class", info->class_name, info->class_size);
    if (info->security &&
        wcl_sd_to_sddl(info->security, info->security_size, &sddl, &why) == WCL_OK)
        json_text(json, "sddl", sddl);
    else if (info->security)
        json_text(json, "sddl_error", why.message);
    wcl_free(sddl);
    if (info->flags & WCL_HIVE_KEY_SYMLINK)
        json_bool(json, "symlink", true);
    if (output->is_alone)
        json_text(json, "semantics", semantics_names[info->semantics & 3]);
    else
        json_text(json, "layer", output->chain->hives[info->layer].layer);
}

/* ---- All of it ------------------------------------------------------------------------------- */

static wcl_status show_value(const hive_output *output, json_out *json, const wcl_hive_value *value)
{
    if (output->cli->json)
        return json_value(output, json, value);
    return output->is_reg ? hive_reg_value(value, &output->cli->error)
                          : print_value(value, &output->cli->error);
}

static wcl_status show_values(const hive_output *output, json_out *json, wcl_hive_key *key)
{
    wcl_error *error = &output->cli->error;
    const wcl_hive_value *value;
    size_t count;

    if (output->value)
        return wcl_hive_key_value(key, output->value, strlen(output->value), &value, error) ==
                       WCL_OK
                   ? show_value(output, json, value)
                   : WCL_FAILED;
    if (wcl_hive_key_count_values(key, &count, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < count; i++)
        if (wcl_hive_key_value_at(key, i, &value, error) != WCL_OK ||
            show_value(output, json, value) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static wcl_status show_key(const hive_output *output, const wcl_buffer *path, wcl_hive_key *key)
{
    const wcl_hive_key_info *info = wcl_hive_key_get_info(key);
    const char *text = wcl_buffer_text(path);
    json_out json = { .stream = stdout };
    wcl_status status = WCL_OK;

    if (output->cli->json) {
        json_begin(&json, NULL, '{');
        json_key(output, &json, text, path->size, info);
        json_begin(&json, "values", '[');
    } else if (output->is_reg) {
        status = hive_reg_key(text, path->size, info, &output->cli->error);
    } else {
        status = print_key(output, text, path->size, info);
    }
    if (status == WCL_OK)
        status = show_values(output, &json, key);
    if (output->cli->json) {
        json_end(&json, '[');
        json_end(&json, '{');
    }
    return status;
}

/* Where a key is listed and not shown: without -r. */
static wcl_status show_name(const hive_output *output, const wcl_buffer *path, wcl_hive_key *key)
{
    if (output->cli->json || output->is_reg)
        return show_key(output, path, key);
    return print_key(output, wcl_buffer_text(path), path->size, wcl_hive_key_get_info(key));
}

static wcl_status show_tree(const hive_output *output, wcl_buffer *path, wcl_hive_key *key,
                            bool is_below);

static wcl_status show_subkey(const hive_output *output, wcl_buffer *path, wcl_hive_key *key,
                              size_t index)
{
    wcl_error *error = &output->cli->error;
    wcl_hive_key *subkey;
    size_t size = path->size;

    if (cli_interrupted() || wcl_hive_key_open_at(key, index, &subkey, error) != WCL_OK)
        return WCL_FAILED;
    const wcl_hive_key_info *info = wcl_hive_key_get_info(subkey);
    wcl_status status = wcl_buffer_append_byte(path, '\\', error);
    if (status == WCL_OK)
        status = wcl_buffer_append(path, info->name, info->name_size, error);
    if (status == WCL_OK)
        status = show_tree(output, path, subkey, true);
    wcl_hive_key_free(subkey);
    path->size = size;
    return status;
}

/* At most as deep as keys may lie. */
static wcl_status show_tree(const hive_output *output, wcl_buffer *path, wcl_hive_key *key,
                            bool is_below)
{
    bool is_plain = !output->cli->json && !output->is_reg;
    size_t count;

    if (is_below && !output->is_recursive)
        return show_name(output, path, key);
    if (show_key(output, path, key) != WCL_OK)
        return WCL_FAILED;
    if (output->value)
        return WCL_OK;
    if (wcl_hive_key_count_subkeys(key, &count, &output->cli->error) != WCL_OK)
        return WCL_FAILED;
    if (is_plain && (output->is_recursive || count))
        fputc('\n', stdout);
    for (size_t i = 0; i < count; i++)
        if (show_subkey(output, path, key, i) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

wcl_status hive_show_begin(const hive_output *output)
{
    return output->is_reg ? hive_reg_begin(&output->cli->error) : WCL_OK;
}

wcl_status hive_show(const hive_output *output, const char *path, wcl_hive_key *key)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    if (wcl_buffer_append_text(&text, path, &output->cli->error) != WCL_OK)
        return WCL_FAILED;
    return show_tree(output, &text, key, false);
}
