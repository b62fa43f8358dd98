/* A route netlink socket in a given network namespace, and requests that wait for their answer. */
#ifndef WCL_HNS_RTNL_H
#define WCL_HNS_RTNL_H

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/error.h"
#include "hns/linux/address.h"

typedef struct wcl_rtnl {
    struct nl_sock *socket;
} wcl_rtnl;

/*
 * Runs `function` in a thread of its own that has entered the namespace, so that the caller's
 * thread never leaves its own; a negative descriptor makes it stay where the caller is. Gives what
 * the function gave, 0 or an errno value.
 */
int wcl_in_namespace(int namespace_fd, int (*function)(void *), void *argument);

/* A socket in that namespace, or in the caller's for a negative descriptor. */
wcl_status wcl_rtnl_open(wcl_rtnl *rtnl, int namespace_fd, wcl_error *error);
void wcl_rtnl_close(wcl_rtnl *rtnl);

/* A request being put together; once something did not fit it stays failed. */
typedef struct wcl_rtnl_request {
    struct nl_msg *message;
    bool failed;
} wcl_rtnl_request;

/* Begins with a header of the type's own (struct ifinfomsg, ...). */
wcl_rtnl_request wcl_rtnl_request_begin(int type, int flags, const void *header, size_t size);
void wcl_rtnl_request_put(wcl_rtnl_request *request, int attribute, const void *data, size_t size);
void wcl_rtnl_request_put_u8(wcl_rtnl_request *request, int attribute, uint8_t value);
void wcl_rtnl_request_put_u16(wcl_rtnl_request *request, int attribute, uint16_t value);
void wcl_rtnl_request_put_u32(wcl_rtnl_request *request, int attribute, uint32_t value);
void wcl_rtnl_request_put_u64(wcl_rtnl_request *request, int attribute, uint64_t value);
void wcl_rtnl_request_put_text(wcl_rtnl_request *request, int attribute, const char *text);
/* Opens an attribute that holds others; closed with wcl_rtnl_request_close(). */
struct nlattr *wcl_rtnl_request_open(wcl_rtnl_request *request, int attribute);
void wcl_rtnl_request_close(wcl_rtnl_request *request, struct nlattr *attribute);

/*
 * Sends the request, waits for the kernel's answer and frees the request. WCL_END when the kernel
 * refuses with errno value `tolerated`; otherwise a refusal fails with the text, which says what
 * could not be done ("create the bridge x"), and with the kernel's own words.
 */
wcl_status wcl_rtnl_request_send(wcl_rtnl *rtnl, wcl_rtnl_request *request, int tolerated,
                                 wcl_error *error, const char *format, ...) WCL_PRINTF(5, 6);

/* What is known of an interface. */
typedef struct wcl_link {
    int index;
    char name[IFNAMSIZ];
    char kind[16]; /* "bridge", "veth", ... or "" */
    uint32_t group;
    int master; /* the bridge it is a port of, 0 for none */
    int peer;   /* of a veth, in the namespace it is in */
    uint32_t flags;
    uint32_t mtu;
    wcl_mac mac;
    struct rtnl_link_stats64 statistics;
} wcl_link;

/* WCL_END when there is none. By name, or by index where `name` is NULL. */
wcl_status wcl_link_find(wcl_rtnl *rtnl, const char *name, int index, wcl_link *link,
                         wcl_error *error);
/* The interface of that name; an error is "WHAT NAME FATE" where there is none. */
wcl_status wcl_link_require(wcl_rtnl *rtnl, const char *what, const char *name, const char *fate,
                            wcl_link *link, wcl_error *error);
/* All interfaces, as an array freed with wcl_free(). */
wcl_status wcl_link_list(wcl_rtnl *rtnl, wcl_link **links, size_t *count, wcl_error *error);

#endif
