/* Conditional expressions: from the bytes of an ACE to SDDL. */
#include "backupstream/condition.h"

#include <stdlib.h>

#include "backupstream/operand.h"
#include "base/cursor.h"

/* A part of the expression: an operand, or an operator with what it works on. */
typedef struct node {
    const wcl_operator *operator_; /* NULL: an operand */
    uint32_t position;             /* of an operand's token */
    wcl_operand_kind kind;         /* of an operand */
    uint32_t left, right;          /* operands of an operator; `left` is not used by unary ones */
} node;

/* The expression as a tree, and at first the stack of its parts that nothing has taken yet. */
typedef struct tree {
    node *nodes;
    uint32_t *stack;
    uint32_t count, depth;
} tree;

static void tree_free(tree *whole)
{
    free(whole->nodes);
    free(whole->stack);
}

static wcl_status fail_structure(wcl_error *error, size_t position, const char *what)
{
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "an ACE's conditional expression has at offset %zu %s, which SDDL cannot "
                    "express",
                    position, what);
}

/* What an operator may be given. */
static bool is_truth(const node *part)
{
    return part->operator_ || part->kind == WCL_OPERAND_ATTRIBUTE;
}

static bool is_attribute(const node *part)
{
    return !part->operator_ && part->kind == WCL_OPERAND_ATTRIBUTE;
}

static bool fits(const wcl_operator *wants, const node *left, const node *right)
{
    switch (wants->form) {
    case WCL_OPERATOR_UNARY_SIDS:
        return !right->operator_ && right->kind == WCL_OPERAND_SIDS;
    case WCL_OPERATOR_UNARY_ATTRIBUTE:
        return is_attribute(right);
    case WCL_OPERATOR_RELATION:
        return is_attribute(left) && !right->operator_;
    case WCL_OPERATOR_NOT:
        return is_truth(right);
    default:
        return is_truth(left) && is_truth(right);
    }
}

static bool is_binary(const wcl_operator *op)
{
    return op->form == WCL_OPERATOR_RELATION || op->form == WCL_OPERATOR_LOGICAL;
}

static wcl_status add_operator(tree *whole, uint8_t token, size_t position, wcl_error *error)
{
    const wcl_operator *op = wcl_operator_find(token);

    if (!op)
        return fail_structure(error, position, "an unknown token");
    uint32_t wanted = is_binary(op) ? 2 : 1;
    if (whole->depth < wanted)
        return fail_structure(error, position, "an operator that lacks an operand");
    uint32_t right = whole->stack[whole->depth - 1];
    uint32_t left = whole->stack[whole->depth - wanted];
    if (!fits(op, &whole->nodes[left], &whole->nodes[right]))
        return fail_structure(error, position, "an operand of the wrong kind");
    whole->nodes[whole->count] = (node) { op, 0, WCL_OPERAND_NONE, left, right };
    whole->depth -= wanted;
    whole->stack[whole->depth++] = whole->count++;
    return WCL_OK;
}

static bool only_padding_left(wcl_cursor cursor)
{
    while (wcl_cursor_left(&cursor))
        if (wcl_cursor_u8(&cursor) != WCL_TOKEN_PADDING)
            return false;
    return true;
}

static wcl_status read_tree(wcl_cursor cursor, tree *whole, wcl_error *error)
{
    while (!only_padding_left(cursor)) {
        size_t position = cursor.position;
        uint8_t token = wcl_cursor_u8(&cursor);
        wcl_operand_kind kind;
        if (wcl_operand_skip(&cursor, token, &kind, error) != WCL_OK)
            return WCL_FAILED;
        if (kind == WCL_OPERAND_NONE) {
            if (add_operator(whole, token, position, error) != WCL_OK)
                return WCL_FAILED;
            continue;
        }
        whole->nodes[whole->count] = (node) { NULL, (uint32_t)position, kind, 0, 0 };
        whole->stack[whole->depth++] = whole->count++;
    }
    if (whole->depth != 1 || !is_truth(&whole->nodes[whole->stack[0]]))
        return fail_structure(error, cursor.position, "no single condition at its end");
    return WCL_OK;
}

/*
 * What is still to print, as numbers: a part of the tree, or a text. A stack of these stands in for
 * recursion, so that no input can nest too deep.
 */
typedef struct work {
    uint32_t part;
    const char *text; /* NULL: the part */
} work;

static wcl_status condition_print_push(wcl_buffer *stack, uint32_t part, const char *text,
                                       wcl_error *error)
{
    const work item = { part, text };
    return wcl_buffer_append(stack, &item, sizeof(item), error);
}

/* Whether a part of a logical operator needs parentheses; only `a && b && c` goes without. */
static bool needs_parentheses(const node *part, const node *parent, bool is_left)
{
    if (!part->operator_ || part->operator_->form != WCL_OPERATOR_LOGICAL)
        return false;
    return !(is_left && part->operator_ == parent->operator_);
}

/* Pushes a part of `parent`; the last pushed is the first printed. */
static wcl_status push_part(wcl_buffer *stack, const tree *whole, uint32_t part, const node *parent,
                            bool is_left, wcl_error *error)
{
    bool enclosed = parent->operator_->form == WCL_OPERATOR_NOT ||
                    needs_parentheses(&whole->nodes[part], parent, is_left);

    if ((enclosed && condition_print_push(stack, 0, ")", error) != WCL_OK) ||
        condition_print_push(stack, part, NULL, error) != WCL_OK)
        return WCL_FAILED;
    return enclosed ? condition_print_push(stack, 0, "(", error) : WCL_OK;
}

static wcl_status push_operator(wcl_buffer *stack, const tree *whole, const node *parent,
                                wcl_error *error)
{
    if (push_part(stack, whole, parent->right, parent, false, error) != WCL_OK)
        return WCL_FAILED;
    if (parent->operator_->form == WCL_OPERATOR_NOT)
        return condition_print_push(stack, 0, parent->operator_->text, error);
    if (condition_print_push(stack, 0, " ", error) != WCL_OK ||
        condition_print_push(stack, 0, parent->operator_->text, error) != WCL_OK)
        return WCL_FAILED;
    if (!is_binary(parent->operator_))
        return WCL_OK;
    if (condition_print_push(stack, 0, " ", error) != WCL_OK)
        return WCL_FAILED;
    return push_part(stack, whole, parent->left, parent, true, error);
}

static wcl_status print_tree(const tree *whole, const wcl_cursor *data, wcl_buffer *out,
                             wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer stack = WCL_BUFFER_INIT;
    wcl_status status = condition_print_push(&stack, whole->stack[0], NULL, error);

    while (status == WCL_OK && stack.size) {
        work item;
        stack.size -= sizeof(item);
        memcpy(&item, stack.data + stack.size, sizeof(item));
        const node *part = &whole->nodes[item.part];
        if (item.text) {
            status = wcl_buffer_append_text(out, item.text, error);
        } else if (part->operator_) {
            status = push_operator(&stack, whole, part, error);
        } else {
            wcl_cursor operand = *data;
            wcl_cursor_seek(&operand, part->position);
            status = wcl_operand_print(&operand, out, error);
        }
    }
    return status;
}

/* Every token has a byte or more, so that `size` parts are enough. */
static wcl_status tree_init(tree *whole, size_t size, wcl_error *error)
{
    whole->nodes = calloc(size, sizeof(*whole->nodes));
    whole->stack = calloc(size, sizeof(*whole->stack));
    whole->count = whole->depth = 0;
    return whole->nodes && whole->stack ? WCL_OK : wcl_fail_memory(error);
}

wcl_status wcl_condition_print(const uint8_t *data, size_t size, wcl_buffer *out, wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(data, size);
    const uint8_t *signature = wcl_cursor_take(&cursor, WCL_CONDITION_SIGNATURE_SIZE);
    tree whole;

    if (!signature || memcmp(signature, WCL_CONDITION_SIGNATURE, WCL_CONDITION_SIGNATURE_SIZE) != 0)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "an ACE has %zu bytes of application data that are not a conditional "
                        "expression, which SDDL cannot express",
                        size);
    wcl_status status = tree_init(&whole, size, error);
    if (status == WCL_OK)
        status = read_tree(cursor, &whole, error);
    if (status == WCL_OK)
        status = wcl_buffer_append_byte(out, '(', error);
    if (status == WCL_OK)
        status = print_tree(&whole, &cursor, out, error);
    if (status == WCL_OK)
        status = wcl_buffer_append_byte(out, ')', error);
    tree_free(&whole);
    return status;
}
