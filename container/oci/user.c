/* Users of a container by name or number. */
#include "container/oci/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/regular.h"

/* Lines of /etc/passwd and /etc/group have seven fields at most. */
#define FIELDS 7
/* A hundred thousand users take less. */
#define FILE_LIMIT (16 * 1024 * 1024)

/* Reads a file of the container, which may have made anything of it. One that is not there has
 * nothing in it. */
static wcl_status read_in_root(const char *root, const char *path, wcl_buffer *text,
                               wcl_error *error)
{
    WCL_CLEANUP_FD int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    wcl_error own = WCL_ERROR_INIT;

    if (folder < 0)
        return wcl_fail_errno(error, errno, "cannot open the container's root '%s'", root);
    if (wcl_regular_read(folder, path, WCL_LINKS_IN_ROOT, FILE_LIMIT, text, &own) == WCL_OK ||
        own.code == WCL_CODE_FILE_NOT_FOUND)
        return WCL_OK;
    return wcl_fail(error, own.code, "cannot look up the container's users (User): %s",
                    own.message);
}

/* Cuts the next line off `*text`; NULL at the end. */
static char *next_line(char **text)
{
    char *line = *text;

    if (!line || !*line)
        return NULL;
    *text += strcspn(line, "\n");
    if (**text)
        *(*text)++ = '\0';
    return line;
}

/* Splits a line at its colons; fields that are missing are "". */
static void split(char *line, char *fields[FIELDS])
{
    line[strcspn(line, "\r\n")] = '\0';
    for (int i = 0; i < FIELDS; i++) {
        fields[i] = line;
        line += strcspn(line, ":");
        if (*line)
            *line++ = '\0';
    }
}

/* A whole number, and nothing else. */
static bool parse_number(const char *text, uint32_t *number)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end || value >= UINT32_MAX)
        return false;
    *number = (uint32_t)value;
    return true;
}

/* What is looked for in a file, and what is found there. */
typedef struct search {
    const char *name; /* by name */
    uint32_t number;  /* by number, when name is NULL */
    char found_name[256];
    uint32_t found_number;
    uint32_t found_group;
} search;

static bool matches(const search *wanted, char *const fields[FIELDS])
{
    uint32_t number;

    if (!parse_number(fields[2], &number))
        return false;
    return wanted->name ? strcmp(fields[0], wanted->name) == 0 : number == wanted->number;
}

static wcl_status user_find_in(const char *root, const char *path, search *wanted, bool *found,
                               wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    char *fields[FIELDS];

    *found = false;
    if (read_in_root(root, path, &text, error) != WCL_OK)
        return WCL_FAILED;
    char *rest = (char *)text.data;
    for (char *line; !*found && (line = next_line(&rest));) {
        split(line, fields);
        *found = matches(wanted, fields);
        if (*found) {
            snprintf(wanted->found_name, sizeof(wanted->found_name), "%s", fields[0]);
            parse_number(fields[2], &wanted->found_number);
            if (!parse_number(fields[3], &wanted->found_group))
                wanted->found_group = 0;
        }
    }
    return WCL_OK;
}

static bool lists_member(const char *members, const char *name)
{
    size_t length = strlen(name);

    while (*members) {
        size_t member = strcspn(members, ",");
        if (member == length && memcmp(members, name, length) == 0)
            return true;
        members += member + (members[member] == ',');
    }
    return false;
}

/* The groups that name the user as a member. */
static wcl_status add_groups(const char *root, const char *name, wcl_user *user, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    char *fields[FIELDS];
    uint32_t gid;

    if (read_in_root(root, "/etc/group", &text, error) != WCL_OK)
        return WCL_FAILED;
    char *rest = (char *)text.data;
    for (char *line; user->group_count < WCL_USER_GROUPS && (line = next_line(&rest));) {
        split(line, fields);
        if (lists_member(fields[3], name) && parse_number(fields[2], &gid) && gid != user->gid)
            user->groups[user->group_count++] = gid;
    }
    return WCL_OK;
}

static wcl_status find_user(const char *root, const char *name, wcl_user *user, bool with_groups,
                            wcl_error *error)
{
    search wanted = { .name = name };
    bool found;

    if (parse_number(name, &wanted.number)) {
        wanted.name = NULL;
        user->uid = wanted.number;
    }
    if (user_find_in(root, "/etc/passwd", &wanted, &found, error) != WCL_OK)
        return WCL_FAILED;
    if (found) {
        user->uid = wanted.found_number;
        user->gid = wanted.found_group;
        return with_groups ? add_groups(root, wanted.found_name, user, error) : WCL_OK;
    }
    if (!wanted.name || strcmp(name, "root") == 0)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_NO_SUCH_USER,
                    "the user '%s' (User) is not in the container's /etc/passwd", name);
}

static wcl_status find_group(const char *root, const char *name, wcl_user *user, wcl_error *error)
{
    search wanted = { .name = name };
    bool found;

    if (parse_number(name, &user->gid))
        return WCL_OK;
    if (user_find_in(root, "/etc/group", &wanted, &found, error) != WCL_OK)
        return WCL_FAILED;
    if (!found)
        return wcl_fail(error, WCL_CODE_NO_SUCH_GROUP,
                        "the group '%s' (User) is not in the container's /etc/group", name);
    user->gid = wanted.found_number;
    return WCL_OK;
}

wcl_status wcl_user_find(const char *root, const char *text, wcl_user *user, wcl_error *error)
{
    memset(user, 0, sizeof(*user));
    if (!text || !*text)
        return WCL_OK;
    WCL_CLEANUP_FREE char *name = strdup(text);
    if (!name)
        return wcl_fail_memory(error);
    char *group = strchr(name, ':');
    if (group)
        *group++ = '\0';
    if (find_user(root, name, user, !group, error) != WCL_OK)
        return WCL_FAILED;
    return group ? find_group(root, group, user, error) : WCL_OK;
}
