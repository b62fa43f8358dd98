/*
 * Reading WWW-Authenticate headers. Commas stand both between challenges and between a challenge's
 * parameters; a name with "=" behind it is a parameter, one without is the next challenge's scheme.
 */
#include "image/registry/challenge.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cursor.h"
#include "base/error.h"

#define HEADER_SIZE_MAX (16 * 1024)
#define CHALLENGES_MAX 16

static void free_challenge(wcl_challenge *challenge)
{
    free(challenge->scheme);
    for (size_t i = 0; i < challenge->parameter_count; i++) {
        free(challenge->parameters[i].name);
        free(challenge->parameters[i].value);
    }
}

void wcl_challenges_free(wcl_challenges *challenges)
{
    for (size_t i = 0; i < challenges->count; i++)
        free_challenge(&challenges->items[i]);
    free(challenges->items);
    *challenges = (wcl_challenges) { NULL, 0 };
}

/* ---- Characters ------------------------------------------------------------------------------ */

/* The next character, 0 at the end. */
static char peek(const wcl_cursor *text)
{
    return wcl_cursor_left(text) ? (char)text->data[text->position] : '\0';
}

static bool is_token_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void skip(wcl_cursor *text, const char *characters)
{
    while (peek(text) && strchr(characters, peek(text)))
        text->position++;
}

static wcl_status fail_at(const wcl_cursor *text, const char *what, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_INVALID_DATA,
                    "cannot read which authentication the server asks for: %s at character "
                    "%zu of '%.200s'",
                    what, text->position + 1, (const char *)text->data);
}

/* A token in lower case. */
static wcl_status take_token(wcl_cursor *text, char **token, wcl_error *error)
{
    const size_t start = text->position;

    while (is_token_character(peek(text)))
        text->position++;
    if (text->position == start)
        return fail_at(text, "a name is missing", error);
    *token = strndup((const char *)text->data + start, text->position - start);
    if (!*token)
        return wcl_fail_memory(error);
    for (char *at = *token; *at; at++)
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
    return WCL_OK;
}

static wcl_status take_quoted(wcl_cursor *text, char **value, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer out = WCL_BUFFER_INIT;

    text->position++;
    while (peek(text) != '"') {
        if (peek(text) == '\\')
            text->position++;
        char c = peek(text);
        if (!c)
            return fail_at(text, "a quotation mark is missing", error);
        if ((unsigned char)c < ' ' && c != '\t')
            return fail_at(text, "there is a control character", error);
        if (wcl_buffer_append_byte(&out, (uint8_t)c, error) != WCL_OK)
            return WCL_FAILED;
        text->position++;
    }
    text->position++;
    *value = strdup(wcl_buffer_text(&out));
    return *value ? WCL_OK : wcl_fail_memory(error);
}

/* A value without quotation marks, taken as generously as servers write it. */
static wcl_status take_bare(wcl_cursor *text, char **value, wcl_error *error)
{
    const size_t start = text->position;

    while (peek(text) > ' ' && peek(text) != ',' && peek(text) != '"')
        text->position++;
    if (text->position == start)
        return fail_at(text, "a value is missing", error);
    *value = strndup((const char *)text->data + start, text->position - start);
    return *value ? WCL_OK : wcl_fail_memory(error);
}

/* ---- Challenges ------------------------------------------------------------------------------ */

/* Whether "NAME =" comes next. */
static bool is_parameter(const wcl_cursor *text)
{
    wcl_cursor ahead = *text;

    while (is_token_character(peek(&ahead)))
        ahead.position++;
    if (ahead.position == text->position)
        return false;
    skip(&ahead, " \t");
    return peek(&ahead) == '=';
}

static wcl_status take_parameter(wcl_cursor *text, wcl_challenge *challenge, wcl_error *error)
{
    if (challenge->parameter_count == WCL_CHALLENGE_PARAMETERS_MAX)
        return fail_at(text, "there are too many parameters", error);
    wcl_challenge_parameter *parameter = &challenge->parameters[challenge->parameter_count++];
    if (take_token(text, &parameter->name, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i + 1 < challenge->parameter_count; i++)
        if (strcmp(challenge->parameters[i].name, parameter->name) == 0)
            return fail_at(text, "a parameter comes twice", error);
    skip(text, " \t");
    text->position++;
    skip(text, " \t");
    return peek(text) == '"' ? take_quoted(text, &parameter->value, error)
                             : take_bare(text, &parameter->value, error);
}

/* Schemes such as Negotiate have one opaque word instead of parameters. */
static void skip_opaque(wcl_cursor *text)
{
    wcl_cursor ahead = *text;

    while (is_token_character(peek(&ahead)) || peek(&ahead) == '/')
        ahead.position++;
    skip(&ahead, "=");
    skip(&ahead, " \t");
    if (peek(&ahead) == ',' || peek(&ahead) == '\0')
        *text = ahead;
}

static wcl_status take_challenge(wcl_cursor *text, wcl_challenge *challenge, wcl_error *error)
{
    if (take_token(text, &challenge->scheme, error) != WCL_OK)
        return WCL_FAILED;
    if (peek(text) && !strchr(" \t,", peek(text)))
        return fail_at(text, "a space is missing", error);
    skip(text, " \t");
    if (peek(text) != ',')
        skip_opaque(text);
    skip(text, " \t,");
    while (is_parameter(text)) {
        if (take_parameter(text, challenge, error) != WCL_OK)
            return WCL_FAILED;
        skip(text, " \t");
        if (peek(text) && peek(text) != ',')
            return fail_at(text, "a comma is missing", error);
        skip(text, " \t,");
    }
    return WCL_OK;
}

wcl_status wcl_challenges_parse(const char *header, wcl_challenges *challenges, wcl_error *error)
{
    wcl_cursor text = wcl_cursor_over(header, strlen(header));

    if (text.size > HEADER_SIZE_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the server asks for an authentication in %zu characters; at most %d are "
                        "read",
                        text.size, HEADER_SIZE_MAX);
    if (!challenges->items) {
        challenges->items = calloc(CHALLENGES_MAX, sizeof(*challenges->items));
        if (!challenges->items)
            return wcl_fail_memory(error);
    }
    skip(&text, " \t,");
    while (wcl_cursor_left(&text)) {
        if (challenges->count == CHALLENGES_MAX)
            return fail_at(&text, "there are too many challenges", error);
        if (take_challenge(&text, &challenges->items[challenges->count++], error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

const wcl_challenge *wcl_challenges_find(const wcl_challenges *challenges, const char *scheme)
{
    for (size_t i = 0; i < challenges->count; i++)
        if (challenges->items[i].scheme && strcmp(challenges->items[i].scheme, scheme) == 0)
            return &challenges->items[i];
    return NULL;
}

const char *wcl_challenge_get(const wcl_challenge *challenge, const char *name)
{
    for (size_t i = 0; i < challenge->parameter_count; i++)
        if (challenge->parameters[i].value && strcmp(challenge->parameters[i].name, name) == 0)
            return challenge->parameters[i].value;
    return NULL;
}
