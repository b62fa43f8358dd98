/* Users of a container by name or number. */
#include "container/oci/user.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"

/* Lines of /etc/passwd and /etc/group have seven fields at most. */
#define FIELDS 7

/* Opens a file under `root`; links in the container's files lead nowhere outside it. */
static FILE *open_in_root(const char *root, const char *path)
{
    struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                            .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return NULL;
    int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
    close(folder);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (!file && fd >= 0)
        close(fd);
    return file;
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

static bool find_in(const char *root, const char *path, search *wanted)
{
    FILE *file = open_in_root(root, path);
    char *line = NULL, *fields[FIELDS];
    size_t capacity = 0;
    bool found = false;

    while (file && !found && getline(&line, &capacity, file) > 0) {
        split(line, fields);
        found = matches(wanted, fields);
        if (found) {
            snprintf(wanted->found_name, sizeof(wanted->found_name), "%s", fields[0]);
            parse_number(fields[2], &wanted->found_number);
            if (!parse_number(fields[3], &wanted->found_group))
                wanted->found_group = 0;
        }
    }
    free(line);
    if (file)
        fclose(file);
    return found;
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
static void add_groups(const char *root, const char *name, wcl_user *user)
{
    FILE *file = open_in_root(root, "/etc/group");
    char *line = NULL, *fields[FIELDS];
    size_t capacity = 0;
    uint32_t gid;

    while (file && user->group_count < WCL_USER_GROUPS && getline(&line, &capacity, file) > 0) {
        split(line, fields);
        if (lists_member(fields[3], name) && parse_number(fields[2], &gid) && gid != user->gid)
            user->groups[user->group_count++] = gid;
    }
    free(line);
    if (file)
        fclose(file);
}

static wcl_status find_user(const char *root, const char *name, wcl_user *user, bool with_groups,
                            wcl_error *error)
{
    search wanted = { .name = name };

    if (parse_number(name, &wanted.number)) {
        wanted.name = NULL;
        user->uid = wanted.number;
    }
    if (find_in(root, "/etc/passwd", &wanted)) {
        user->uid = wanted.found_number;
        user->gid = wanted.found_group;
        if (with_groups)
            add_groups(root, wanted.found_name, user);
        return WCL_OK;
    }
    if (!wanted.name || strcmp(name, "root") == 0)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_ELEMENT_NOT_FOUND,
                    "the user '%s' (User) is not in the container's /etc/passwd", name);
}

static wcl_status find_group(const char *root, const char *name, wcl_user *user, wcl_error *error)
{
    search wanted = { .name = name };

    if (parse_number(name, &user->gid))
        return WCL_OK;
    if (!find_in(root, "/etc/group", &wanted))
        return wcl_fail(error, WCL_CODE_ELEMENT_NOT_FOUND,
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
