/* VLAN tags and rate limits, as traffic control on the host's end of an endpoint's pair. */
#include "hns/linux/traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/tc_act/tc_mirred.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
#define EGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)
/* Tags are dealt with before the limit; both look at every frame. */
#define VLAN_PRIORITY 1
#define RATE_PRIORITY 2

/* ---- Programs for cls_bpf, as instructions ---- */

#define LOAD_WORD(to, field)                                                                       \
    (struct bpf_insn)                                                                              \
    {                                                                                              \
        BPF_LDX | BPF_MEM | BPF_W, to, BPF_REG_6, offsetof(struct __sk_buff, field), 0             \
    }
#define MOVE_REGISTER(to, from)                                                                    \
    (struct bpf_insn)                                                                              \
    {                                                                                              \
        BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0                                                \
    }
#define MOVE_NUMBER(to, number)                                                                    \
    (struct bpf_insn)                                                                              \
    {                                                                                              \
        BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, number                                              \
    }
#define AND_NUMBER(to, number)                                                                     \
    (struct bpf_insn)                                                                              \
    {                                                                                              \
        BPF_ALU64 | BPF_AND | BPF_K, to, 0, 0, number                                              \
    }
#define SKIP_IF(comparison, what, number, distance)                                                \
    (struct bpf_insn)                                                                              \
    {                                                                                              \
        BPF_JMP | (comparison) | BPF_K, what, 0, distance, number                                  \
    }
#define CALL(function)                                                                             \
    (struct bpf_insn)                                                                              \
    {                                                                                              \
        BPF_JMP | BPF_CALL, 0, 0, 0, function                                                      \
    }
#define EXIT                                                                                       \
    (struct bpf_insn)                                                                              \
    {                                                                                              \
        BPF_JMP | BPF_EXIT, 0, 0, 0, 0                                                             \
    }

/* Loads a program; its descriptor, or -1 and errno. */
static int load_program(const struct bpf_insn *instructions, size_t count)
{
    union bpf_attr attributes;

    memset(&attributes, 0, sizeof(attributes));
    attributes.prog_type = BPF_PROG_TYPE_SCHED_CLS;
    attributes.insns = (uint64_t)(uintptr_t)instructions;
    attributes.insn_cnt = (uint32_t)count;
    attributes.license = (uint64_t)(uintptr_t) "";
    return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));
}

/* Both ways, without a VLAN: tagged frames are dropped. */
static int load_untagged(void)
{
    const struct bpf_insn program[] = {
        MOVE_REGISTER(BPF_REG_6, BPF_REG_1),
        LOAD_WORD(BPF_REG_2, vlan_present),
        SKIP_IF(BPF_JNE, BPF_REG_2, 0, 5),
        LOAD_WORD(BPF_REG_2, protocol),
        SKIP_IF(BPF_JEQ, BPF_REG_2, htons(ETH_P_8021Q), 3),
        SKIP_IF(BPF_JEQ, BPF_REG_2, htons(ETH_P_8021AD), 2),
        MOVE_NUMBER(BPF_REG_0, TC_ACT_UNSPEC), /* on to the next filter */
        EXIT,
        MOVE_NUMBER(BPF_REG_0, TC_ACT_SHOT),
        EXIT,
    };

    return load_program(program, sizeof(program) / sizeof(program[0]));
}

/* From the endpoint: tagged frames are dropped, the others get the tag. */
static int load_tagging(uint32_t vlan)
{
    const struct bpf_insn program[] = {
        MOVE_REGISTER(BPF_REG_6, BPF_REG_1),
        LOAD_WORD(BPF_REG_2, vlan_present),
        SKIP_IF(BPF_JNE, BPF_REG_2, 0, 10),
        LOAD_WORD(BPF_REG_2, protocol),
        SKIP_IF(BPF_JEQ, BPF_REG_2, htons(ETH_P_8021Q), 8),
        SKIP_IF(BPF_JEQ, BPF_REG_2, htons(ETH_P_8021AD), 7),
        MOVE_REGISTER(BPF_REG_1, BPF_REG_6),
        MOVE_NUMBER(BPF_REG_2, htons(ETH_P_8021Q)),
        MOVE_NUMBER(BPF_REG_3, (int32_t)vlan),
        CALL(BPF_FUNC_skb_vlan_push),
        SKIP_IF(BPF_JNE, BPF_REG_0, 0, 2),
        MOVE_NUMBER(BPF_REG_0, TC_ACT_UNSPEC),
        EXIT,
        MOVE_NUMBER(BPF_REG_0, TC_ACT_SHOT),
        EXIT,
    };

    return load_program(program, sizeof(program) / sizeof(program[0]));
}

/* To the endpoint: frames of the VLAN lose their tag, the others are dropped. */
static int load_untagging(uint32_t vlan)
{
    const struct bpf_insn program[] = {
        MOVE_REGISTER(BPF_REG_6, BPF_REG_1),
        LOAD_WORD(BPF_REG_2, vlan_present),
        SKIP_IF(BPF_JEQ, BPF_REG_2, 0, 8),
        LOAD_WORD(BPF_REG_2, vlan_tci),
        AND_NUMBER(BPF_REG_2, 0xFFF),
        SKIP_IF(BPF_JNE, BPF_REG_2, (int32_t)vlan, 5),
        MOVE_REGISTER(BPF_REG_1, BPF_REG_6),
        CALL(BPF_FUNC_skb_vlan_pop),
        SKIP_IF(BPF_JNE, BPF_REG_0, 0, 2),
        MOVE_NUMBER(BPF_REG_0, TC_ACT_UNSPEC),
        EXIT,
        MOVE_NUMBER(BPF_REG_0, TC_ACT_SHOT),
        EXIT,
    };

    return load_program(program, sizeof(program) / sizeof(program[0]));
}

/* Matches every frame. */
static int load_match(void)
{
    const struct bpf_insn program[] = { MOVE_NUMBER(BPF_REG_0, -1), EXIT };

    return load_program(program, sizeof(program) / sizeof(program[0]));
}

/* ---- Traffic control ---- */

static struct tcmsg header_of(int index, uint32_t parent, uint32_t handle)
{
    struct tcmsg header;

    memset(&header, 0, sizeof(header));
    header.tcm_family = AF_UNSPEC;
    header.tcm_ifindex = index;
    header.tcm_parent = parent;
    header.tcm_handle = handle;
    return header;
}

/* The place on the interface that filters hang on; there already is as good. */
static wcl_status add_clsact(wcl_rtnl *rtnl, int index, wcl_error *error)
{
    struct tcmsg header = header_of(index, TC_H_CLSACT, TC_H_MAKE(TC_H_CLSACT, 0));
    wcl_rtnl_request request =
        wcl_rtnl_request_begin(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));

    wcl_rtnl_request_put_text(&request, TCA_KIND, "clsact");
    return wcl_rtnl_request_send(rtnl, &request, EEXIST, error, "put filters on interface %d",
                                 index) == WCL_FAILED
               ? WCL_FAILED
               : WCL_OK;
}

static wcl_rtnl_request begin_filter(int index, uint32_t parent, uint32_t priority)
{
    struct tcmsg header = header_of(index, parent, 0);

    header.tcm_info = TC_H_MAKE(priority << 16, htons(ETH_P_ALL));
    wcl_rtnl_request request =
        wcl_rtnl_request_begin(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
    wcl_rtnl_request_put_text(&request, TCA_KIND, "bpf");
    return request;
}

/* Hangs a program on the interface that itself says what becomes of a frame; closes it. */
static wcl_status add_verdict(wcl_rtnl *rtnl, int index, uint32_t parent, int program,
                              wcl_error *error)
{
    if (program < 0)
        return wcl_fail_errno(error, errno, "the kernel takes no BPF program to handle VLANs");
    wcl_rtnl_request request = begin_filter(index, parent, VLAN_PRIORITY);
    struct nlattr *options = wcl_rtnl_request_open(&request, TCA_OPTIONS);
    wcl_rtnl_request_put_u32(&request, TCA_BPF_FD, (uint32_t)program);
    wcl_rtnl_request_put_text(&request, TCA_BPF_NAME, "wcl_vlan");
    wcl_rtnl_request_put_u32(&request, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
    wcl_rtnl_request_close(&request, options);
    wcl_status status =
        wcl_rtnl_request_send(rtnl, &request, 0, error, "filter VLANs on interface %d", index);
    close(program);
    return status;
}

wcl_status wcl_vlan_access(wcl_rtnl *rtnl, int index, uint32_t vlan, wcl_error *error)
{
    if (add_clsact(rtnl, index, error) != WCL_OK ||
        add_verdict(rtnl, index, INGRESS, vlan ? load_tagging(vlan) : load_untagged(), error) !=
            WCL_OK)
        return WCL_FAILED;
    return add_verdict(rtnl, index, EGRESS, vlan ? load_untagging(vlan) : load_untagged(), error);
}

/* A token bucket on the shaper: 10 ms worth of burst, 100 ms worth of queue. */
static wcl_status add_bucket(wcl_rtnl *rtnl, int shaper, uint64_t rate, wcl_error *error)
{
    struct tcmsg header = header_of(shaper, TC_H_ROOT, TC_H_MAKE(1 << 16, 0));
    uint64_t burst = rate / 100, queue = rate / 10;
    struct tc_tbf_qopt bucket;

    burst = burst < 16 * 1024 ? 16 * 1024 : burst > 4 << 20 ? 4 << 20 : burst;
    queue = queue < 128 * 1024 ? 128 * 1024 : queue > 64 << 20 ? 64 << 20 : queue;
    memset(&bucket, 0, sizeof(bucket));
    bucket.rate.linklayer = TC_LINKLAYER_ETHERNET;
    bucket.rate.rate = rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate;
    bucket.limit = (uint32_t)(burst + queue);
    wcl_rtnl_request request =
        wcl_rtnl_request_begin(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
    wcl_rtnl_request_put_text(&request, TCA_KIND, "tbf");
    struct nlattr *options = wcl_rtnl_request_open(&request, TCA_OPTIONS);
    wcl_rtnl_request_put(&request, TCA_TBF_PARMS, &bucket, sizeof(bucket));
    wcl_rtnl_request_put_u32(&request, TCA_TBF_BURST, (uint32_t)burst);
    if (rate > UINT32_MAX)
        wcl_rtnl_request_put_u64(&request, TCA_TBF_RATE64, rate);
    wcl_rtnl_request_close(&request, options);
    return wcl_rtnl_request_send(rtnl, &request, 0, error, "limit the rate of device %d", shaper);
}

/* The action: out through the shaper, which gives the frame back afterwards. */
static void put_redirection(wcl_rtnl_request *request, int shaper)
{
    struct tc_mirred redirection;

    memset(&redirection, 0, sizeof(redirection));
    redirection.action = TC_ACT_STOLEN;
    redirection.eaction = TCA_EGRESS_REDIR;
    redirection.ifindex = (uint32_t)shaper;
    struct nlattr *actions = wcl_rtnl_request_open(request, TCA_BPF_ACT);
    struct nlattr *first = wcl_rtnl_request_open(request, 1);
    wcl_rtnl_request_put_text(request, TCA_ACT_KIND, "mirred");
    struct nlattr *options = wcl_rtnl_request_open(request, TCA_ACT_OPTIONS);
    wcl_rtnl_request_put(request, TCA_MIRRED_PARMS, &redirection, sizeof(redirection));
    wcl_rtnl_request_close(request, options);
    wcl_rtnl_request_close(request, first);
    wcl_rtnl_request_close(request, actions);
}

wcl_status wcl_rate_limit(wcl_rtnl *rtnl, int index, int shaper, uint64_t rate, wcl_error *error)
{
    if (add_clsact(rtnl, index, error) != WCL_OK || add_bucket(rtnl, shaper, rate, error) != WCL_OK)
        return WCL_FAILED;
    int program = load_match();
    if (program < 0)
        return wcl_fail_errno(error, errno, "the kernel takes no BPF program to limit rates");
    wcl_rtnl_request request = begin_filter(index, INGRESS, RATE_PRIORITY);
    struct nlattr *options = wcl_rtnl_request_open(&request, TCA_OPTIONS);
    wcl_rtnl_request_put_u32(&request, TCA_BPF_FD, (uint32_t)program);
    wcl_rtnl_request_put_text(&request, TCA_BPF_NAME, "wcl_rate");
    put_redirection(&request, shaper);
    wcl_rtnl_request_close(&request, options);
    wcl_status status =
        wcl_rtnl_request_send(rtnl, &request, 0, error, "limit the rate of interface %d", index);
    close(program);
    return status;
}

wcl_status wcl_traffic_reset(wcl_rtnl *rtnl, int index, wcl_error *error)
{
    struct tcmsg header = header_of(index, TC_H_CLSACT, TC_H_MAKE(TC_H_CLSACT, 0));
    wcl_rtnl_request request = wcl_rtnl_request_begin(RTM_DELQDISC, 0, &header, sizeof(header));

    /* ENOENT, or EINVAL from older kernels, where there is nothing. */
    wcl_status status = wcl_rtnl_request_send(rtnl, &request, ENOENT, error,
                                              "take the filters off interface %d", index);
    if (status == WCL_FAILED && error && error->code == WCL_CODE_INVALID_PARAMETER)
        return WCL_OK;
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}
