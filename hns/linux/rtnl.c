/* Route netlink: requests that wait for their answer, on sockets in a given network namespace. */
#include "hns/linux/rtnl.h"

#include <errno.h>
#include <fcntl.h>
#include <netlink/attr.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/list.h"

struct in_namespace {
    int descriptor;
    int (*function)(void *);
    void *argument;
    int result;
};

static void *enter_and_run(void *argument)
{
    struct in_namespace *job = argument;

    if (setns(job->descriptor, CLONE_NEWNET) != 0)
        job->result = errno;
    else
        job->result = job->function(job->argument);
    return NULL;
}

int wcl_in_namespace(int namespace_fd, int (*function)(void *), void *argument)
{
    struct in_namespace job = { namespace_fd, function, argument, 0 };
    pthread_t thread;

    if (namespace_fd < 0)
        return function(argument);
    int result = pthread_create(&thread, NULL, enter_and_run, &job);
    if (result)
        return result;
    pthread_join(thread, NULL);
    return job.result;
}

static int connect_socket(wcl_rtnl *rtnl)
{
    int on = 1;

    rtnl->socket = nl_socket_alloc();
    if (!rtnl->socket)
        return ENOMEM;
    if (nl_connect(rtnl->socket, NETLINK_ROUTE) < 0) {
        int number = errno ? errno : EIO;
        nl_socket_free(rtnl->socket);
        rtnl->socket = NULL;
        return number;
    }
    nl_socket_set_msg_buf_size(rtnl->socket, 64 * 1024);
    setsockopt(nl_socket_get_fd(rtnl->socket), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
    return 0;
}

void wcl_rtnl_close(wcl_rtnl *rtnl)
{
    nl_socket_free(rtnl->socket);
    rtnl->socket = NULL;
}

/*
 * The caller's thread enters the namespace for the moment that making a socket takes: a thread of
 * its own would cost more than all the rest of attaching an endpoint on a busy machine.
 */
static int connect_socket_in(int namespace_fd, wcl_rtnl *rtnl)
{
    int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

    if (own < 0)
        return errno;
    int result = setns(namespace_fd, CLONE_NEWNET) == 0 ? 0 : errno;
    if (result == 0) {
        result = connect_socket(rtnl);
        if (setns(own, CLONE_NEWNET) != 0 && result == 0) {
            result = errno;
            wcl_rtnl_close(rtnl);
        }
    }
    close(own);
    return result;
}

wcl_status wcl_rtnl_open(wcl_rtnl *rtnl, int namespace_fd, wcl_error *error)
{
    rtnl->socket = NULL;
    int result = namespace_fd < 0 ? connect_socket(rtnl) : connect_socket_in(namespace_fd, rtnl);
    if (result)
        return wcl_fail_errno(error, result, "cannot open a netlink socket");
    return WCL_OK;
}

/* ---- Putting requests together ---- */

wcl_rtnl_request wcl_rtnl_request_begin(int type, int flags, const void *header, size_t size)
{
    wcl_rtnl_request request = { nlmsg_alloc_simple(type, flags), false };

    request.failed = !request.message || nlmsg_append(request.message, (void *)(uintptr_t)header,
                                                      size, NLMSG_ALIGNTO) < 0;
    return request;
}

void wcl_rtnl_request_put(wcl_rtnl_request *request, int attribute, const void *data, size_t size)
{
    request->failed = request->failed || nla_put(request->message, attribute, (int)size, data) < 0;
}

void wcl_rtnl_request_put_u8(wcl_rtnl_request *request, int attribute, uint8_t value)
{
    wcl_rtnl_request_put(request, attribute, &value, sizeof(value));
}

void wcl_rtnl_request_put_u16(wcl_rtnl_request *request, int attribute, uint16_t value)
{
    wcl_rtnl_request_put(request, attribute, &value, sizeof(value));
}

void wcl_rtnl_request_put_u32(wcl_rtnl_request *request, int attribute, uint32_t value)
{
    wcl_rtnl_request_put(request, attribute, &value, sizeof(value));
}

void wcl_rtnl_request_put_u64(wcl_rtnl_request *request, int attribute, uint64_t value)
{
    wcl_rtnl_request_put(request, attribute, &value, sizeof(value));
}

void wcl_rtnl_request_put_text(wcl_rtnl_request *request, int attribute, const char *text)
{
    wcl_rtnl_request_put(request, attribute, text, strlen(text) + 1);
}

struct nlattr *wcl_rtnl_request_open(wcl_rtnl_request *request, int attribute)
{
    struct nlattr *opened = request->failed ? NULL : nla_nest_start(request->message, attribute);

    request->failed = !opened;
    return opened;
}

void wcl_rtnl_request_close(wcl_rtnl_request *request, struct nlattr *attribute)
{
    if (!request->failed)
        nla_nest_end(request->message, attribute);
}

/* ---- Waiting for the answer ---- */

struct answer {
    bool done;
    int number; /* errno, 0 for success */
    char words[160];
    void (*take)(void *context, struct nlmsghdr *header);
    void *context;
};

static int on_done(struct nl_msg *message, void *argument)
{
    struct answer *answer = argument;

    (void)message;
    answer->done = true;
    return NL_STOP;
}

static int on_message(struct nl_msg *message, void *argument)
{
    struct answer *answer = argument;

    if (answer->take)
        answer->take(answer->context, nlmsg_hdr(message));
    return NL_OK;
}

/* The kernel's own words stand in attributes behind the error. */
static void read_words(struct nlmsghdr *header, struct nlmsgerr *refusal, struct answer *answer)
{
    struct nlattr *attributes[NLMSGERR_ATTR_MAX + 1];
    size_t offset = sizeof(struct nlmsgerr);

    if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
        return;
    if (!(header->nlmsg_flags & NLM_F_CAPPED))
        offset += NLMSG_ALIGN(refusal->msg.nlmsg_len - NLMSG_HDRLEN);
    if (header->nlmsg_len < NLMSG_HDRLEN + offset)
        return;
    if (nla_parse(attributes, NLMSGERR_ATTR_MAX, (struct nlattr *)((char *)refusal + offset),
                  (int)(header->nlmsg_len - NLMSG_HDRLEN - offset), NULL) < 0 ||
        !attributes[NLMSGERR_ATTR_MSG])
        return;
    snprintf(answer->words, sizeof(answer->words), ": %.*s", nla_len(attributes[NLMSGERR_ATTR_MSG]),
             (const char *)nla_data(attributes[NLMSGERR_ATTR_MSG]));
}

static int on_refusal(struct sockaddr_nl *address, struct nlmsgerr *refusal, void *argument)
{
    struct answer *answer = argument;

    (void)address;
    answer->done = true;
    answer->number = -refusal->error;
    read_words((struct nlmsghdr *)((char *)refusal - NLMSG_HDRLEN), refusal, answer);
    return NL_STOP;
}

/* Sends and waits; false when the socket itself fails. */
static bool transact(wcl_rtnl *rtnl, struct nl_msg *message, struct answer *answer)
{
    struct nl_cb *callbacks = nl_cb_alloc(NL_CB_DEFAULT);
    int result = callbacks ? 0 : -NLE_NOMEM;

    if (callbacks) {
        nl_cb_set(callbacks, NL_CB_VALID, NL_CB_CUSTOM, on_message, answer);
        nl_cb_set(callbacks, NL_CB_ACK, NL_CB_CUSTOM, on_done, answer);
        nl_cb_set(callbacks, NL_CB_FINISH, NL_CB_CUSTOM, on_done, answer);
        nl_cb_err(callbacks, NL_CB_CUSTOM, on_refusal, answer);
        result = nl_send_auto(rtnl->socket, message);
    }
    while (result >= 0 && !answer->done) {
        result = nl_recvmsgs(rtnl->socket, callbacks);
        if (result == -NLE_INTR)
            result = 0;
    }
    nl_cb_put(callbacks);
    if (!answer->done) {
        snprintf(answer->words, sizeof(answer->words), ": %s", nl_geterror(result));
        answer->number = EIO;
    }
    return answer->done;
}

wcl_status wcl_rtnl_request_send(wcl_rtnl *rtnl, wcl_rtnl_request *request, int tolerated,
                                 wcl_error *error, const char *format, ...)
{
    struct answer answer = { 0 };
    bool failed = request->failed;

    if (!failed)
        transact(rtnl, request->message, &answer);
    nlmsg_free(request->message);
    request->message = NULL;
    if (failed)
        return wcl_fail(error, WCL_CODE_OUT_OF_MEMORY, "a netlink message did not fit");
    if (answer.number == 0)
        return WCL_OK;
    if (tolerated && answer.number == tolerated)
        return WCL_END;
    char what[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    return wcl_fail_errno(error, answer.number, "cannot %s%s", what, answer.words);
}

/* ---- Reading interfaces ---- */

static void read_kind(struct nlattr *info, wcl_link *link)
{
    struct nlattr *attributes[IFLA_INFO_MAX + 1];

    if (info && nla_parse_nested(attributes, IFLA_INFO_MAX, info, NULL) >= 0 &&
        attributes[IFLA_INFO_KIND])
        nla_strlcpy(link->kind, attributes[IFLA_INFO_KIND], sizeof(link->kind));
}

static bool read_link(struct nlmsghdr *header, wcl_link *link)
{
    struct nlattr *attributes[IFLA_MAX + 1];
    const struct ifinfomsg *info = nlmsg_data(header);

    memset(link, 0, sizeof(*link));
    if (header->nlmsg_type != RTM_NEWLINK ||
        nlmsg_parse(header, sizeof(*info), attributes, IFLA_MAX, NULL) < 0 ||
        !attributes[IFLA_IFNAME])
        return false;
    link->index = info->ifi_index;
    link->flags = info->ifi_flags;
    nla_strlcpy(link->name, attributes[IFLA_IFNAME], sizeof(link->name));
    if (attributes[IFLA_GROUP])
        link->group = nla_get_u32(attributes[IFLA_GROUP]);
    if (attributes[IFLA_MASTER])
        link->master = (int)nla_get_u32(attributes[IFLA_MASTER]);
    if (attributes[IFLA_LINK])
        link->peer = (int)nla_get_u32(attributes[IFLA_LINK]);
    if (attributes[IFLA_MTU])
        link->mtu = nla_get_u32(attributes[IFLA_MTU]);
    if (attributes[IFLA_ADDRESS])
        nla_memcpy(link->mac.bytes, attributes[IFLA_ADDRESS], sizeof(link->mac.bytes));
    if (attributes[IFLA_STATS64])
        nla_memcpy(&link->statistics, attributes[IFLA_STATS64], sizeof(link->statistics));
    read_kind(attributes[IFLA_LINKINFO], link);
    return true;
}

static void take_link(void *context, struct nlmsghdr *header)
{
    read_link(header, context);
}

wcl_status wcl_link_find(wcl_rtnl *rtnl, const char *name, int index, wcl_link *link,
                         wcl_error *error)
{
    struct ifinfomsg info = { .ifi_index = name ? 0 : index };
    struct answer answer = { .take = take_link, .context = link };
    wcl_rtnl_request request = wcl_rtnl_request_begin(RTM_GETLINK, 0, &info, sizeof(info));

    memset(link, 0, sizeof(*link));
    if (name)
        wcl_rtnl_request_put_text(&request, IFLA_IFNAME, name);
    if (!request.failed)
        transact(rtnl, request.message, &answer);
    nlmsg_free(request.message);
    if (request.failed)
        return wcl_fail_memory(error);
    if (answer.number == ENODEV || answer.number == ENXIO)
        return WCL_END;
    if (answer.number)
        return wcl_fail_errno(error, answer.number, "cannot look for the interface %s%s",
                              name ? name : "", answer.words);
    return link->index ? WCL_OK : WCL_END;
}

wcl_status wcl_link_require(wcl_rtnl *rtnl, const char *what, const char *name, const char *fate,
                            wcl_link *link, wcl_error *error)
{
    wcl_status status = wcl_link_find(rtnl, name, 0, link, error);

    return status == WCL_END
               ? wcl_fail(error, WCL_CODE_ELEMENT_NOT_FOUND, "%s %s %s", what, name, fate)
               : status;
}

struct link_list {
    wcl_link *links;
    size_t count, capacity;
    bool failed;
};

static void append_link(void *context, struct nlmsghdr *header)
{
    struct link_list *list = context;

    if (WCL_LIST_RESERVE(list->links, list->count, list->capacity, NULL) != WCL_OK) {
        list->failed = true;
        return;
    }
    if (read_link(header, &list->links[list->count]))
        list->count++;
}

wcl_status wcl_link_list(wcl_rtnl *rtnl, wcl_link **links, size_t *count, wcl_error *error)
{
    struct ifinfomsg info = { 0 };
    struct link_list list = { 0 };
    struct answer answer = { .take = append_link, .context = &list };
    wcl_rtnl_request request = wcl_rtnl_request_begin(RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));

    *links = NULL;
    *count = 0;
    if (!request.failed)
        transact(rtnl, request.message, &answer);
    nlmsg_free(request.message);
    if (request.failed || list.failed || answer.number) {
        free(list.links);
        return answer.number
                   ? wcl_fail_errno(error, answer.number, "cannot list interfaces%s", answer.words)
                   : wcl_fail_memory(error);
    }
    *links = list.links;
    *count = list.count;
    return WCL_OK;
}
