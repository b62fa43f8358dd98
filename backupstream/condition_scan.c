/* Conditional expressions: from SDDL to the bytes of an ACE. */
#include "backupstream/condition.h"

#include "backupstream/operand.h"

#define OPEN_PARENTHESIS '('

/*
 * Operators whose right side is still being read, as their tokens, and open parentheses; the
 * outermost parenthesis stands at the bottom. It is kept by hand, so that no input can nest too
 * deep.
 */
typedef struct parse {
    wcl_sddl_scan *scan;
    wcl_buffer *out;
    wcl_buffer pending;
} parse;

/* Higher binds tighter; 0 is a parenthesis, which nothing passes. */
static int strength(uint8_t token)
{
    if (token == OPEN_PARENTHESIS)
        return 0;
    if (token == WCL_TOKEN_NOT)
        return 3;
    return token == WCL_TOKEN_AND ? 2 : 1;
}

/* Writes the pending operators that bind at least as tight as `least`. */
static wcl_status condition_scan_settle(parse *state, int least, wcl_error *error)
{
    wcl_buffer *pending = &state->pending;

    while (pending->size && strength(pending->data[pending->size - 1]) >= least)
        if (wcl_buffer_append_byte(state->out, pending->data[--pending->size], error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* An operand of a kind, where `wanted` says which. */
static wcl_status scan_operand(parse *state, wcl_operand_kind *kind, wcl_error *error)
{
    wcl_sddl_scan_spaces(state->scan);
    return wcl_operand_scan(state->scan, state->out, kind, error);
}

static wcl_status scan_unary(parse *state, const wcl_operator *op, wcl_error *error)
{
    bool wants_sids = op->form == WCL_OPERATOR_UNARY_SIDS;
    wcl_operand_kind kind;

    wcl_sddl_scan_spaces(state->scan);
    wcl_sddl_scan before = *state->scan;
    if (scan_operand(state, &kind, error) != WCL_OK)
        return WCL_FAILED;
    if (kind != (wants_sids ? WCL_OPERAND_SIDS : WCL_OPERAND_ATTRIBUTE))
        return wcl_sddl_scan_fail(&before, error,
                                  wants_sids ? "SID(...) or a list of them" : "an attribute");
    return wcl_buffer_append_byte(state->out, op->token, error);
}

/* An attribute alone, or one and what it is compared with. */
static wcl_status scan_relation(parse *state, wcl_error *error)
{
    wcl_sddl_scan before = *state->scan;
    wcl_operand_kind kind;

    if (scan_operand(state, &kind, error) != WCL_OK)
        return WCL_FAILED;
    if (kind != WCL_OPERAND_ATTRIBUTE)
        return wcl_sddl_scan_fail(&before, error, "an attribute or an operator");
    wcl_sddl_scan_spaces(state->scan);
    const wcl_operator *op = wcl_operator_scan(state->scan, WCL_OPERATOR_RELATION);
    if (!op)
        return WCL_OK;
    if (scan_operand(state, &kind, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_byte(state->out, op->token, error);
}

/* Takes all up to and with one condition that stands by itself. */
static wcl_status scan_term(parse *state, wcl_error *error)
{
    for (;;) {
        wcl_sddl_scan_spaces(state->scan);
        uint8_t token = OPEN_PARENTHESIS;
        if (wcl_sddl_scan_take(state->scan, "!"))
            token = WCL_TOKEN_NOT;
        else if (!wcl_sddl_scan_take(state->scan, "("))
            break;
        if (wcl_buffer_append_byte(&state->pending, token, error) != WCL_OK)
            return WCL_FAILED;
    }
    const wcl_operator *op = wcl_operator_scan(state->scan, WCL_OPERATOR_UNARY_SIDS);
    if (!op)
        op = wcl_operator_scan(state->scan, WCL_OPERATOR_UNARY_ATTRIBUTE);
    return op ? scan_unary(state, op, error) : scan_relation(state, error);
}

/* Takes what follows a condition: closing parentheses, then an operator, or the end. */
static wcl_status scan_joint(parse *state, wcl_error *error)
{
    for (;;) {
        wcl_sddl_scan_spaces(state->scan);
        if (!wcl_sddl_scan_take(state->scan, ")"))
            break;
        if (condition_scan_settle(state, 1, error) != WCL_OK)
            return WCL_FAILED;
        state->pending.size--;
        if (state->pending.size == 0)
            return WCL_END;
    }
    const wcl_operator *op = wcl_operator_scan(state->scan, WCL_OPERATOR_LOGICAL);
    if (!op)
        return wcl_sddl_scan_fail(state->scan, error, "'&&', '||' or ')'");
    if (condition_scan_settle(state, strength(op->token), error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_byte(&state->pending, op->token, error);
}

static wcl_status scan_expression(parse *state, wcl_error *error)
{
    wcl_status status = WCL_OK;

    while (status == WCL_OK) {
        status = scan_term(state, error);
        if (status == WCL_OK)
            status = scan_joint(state, error);
    }
    return status == WCL_END ? WCL_OK : status;
}

wcl_status wcl_condition_scan(wcl_sddl_scan *scan, wcl_buffer *out, wcl_error *error)
{
    parse state = { scan, out, WCL_BUFFER_INIT };

    if (!wcl_sddl_scan_take(scan, "("))
        return wcl_sddl_scan_fail(scan, error, "a conditional expression in parentheses");
    wcl_status status = wcl_buffer_append_byte(&state.pending, OPEN_PARENTHESIS, error);
    if (status == WCL_OK)
        status =
            wcl_buffer_append(out, WCL_CONDITION_SIGNATURE, WCL_CONDITION_SIGNATURE_SIZE, error);
    if (status == WCL_OK)
        status = scan_expression(&state, error);
    wcl_buffer_free(&state.pending);
    return status;
}
