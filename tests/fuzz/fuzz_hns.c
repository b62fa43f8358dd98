/*
 * Requests to the networks' service, over a kernel that does nothing. The input is a list of lines
 * "METHOD PATH BODY"; the service's folder is emptied before each input. Whatever is asked, the
 * answer is an envelope: Success true, or false with a reason.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "tests/unit/hns/fake_kernel.h"

#define MOST_REQUESTS 24

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    return walk->level ? remove(path) : 0;
}

static const char *work_folder(void)
{
    static char folder[64];

    if (!folder[0]) {
        snprintf(folder, sizeof(folder), "/dev/shm/wcl-fuzz-hns-XXXXXX");
        if (!mkdtemp(folder))
            abort();
    }
    return folder;
}

static void check_envelope(const char *response)
{
    cJSON *envelope = NULL;

    /* Bytes that are not UTF-8 are said as \udcXX, which cJSON alone does not take. */
    if (wcl_json_parse(response, strlen(response), 64 << 20, &envelope, NULL) != WCL_OK)
        abort();
    const cJSON *success = cJSON_GetObjectItemCaseSensitive(envelope, "Success");
    const cJSON *reason = cJSON_GetObjectItemCaseSensitive(envelope, "Error");

    if (!cJSON_IsBool(success) ||
        (cJSON_IsFalse(success) && !(cJSON_IsString(reason) && reason->valuestring[0])))
        abort();
    cJSON_Delete(envelope);
}

static void ask(wcl_hns *hns, char *line)
{
    char *method = line, *path = strchr(line, ' '), *response = NULL;
    char *body = path ? strchr(path + 1, ' ') : NULL;

    if (path)
        *path++ = '\0';
    if (body)
        *body++ = '\0';
    if (wcl_hns_call(hns, method, path ? path : "", body ? body : "", &response, NULL) != WCL_OK)
        abort();
    check_envelope(response);
    wcl_free(response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    nftw(work_folder(), remove_one, 16, FTW_DEPTH | FTW_PHYS);
    wcl_hns *hns = fake_service_open(work_folder(), "fuzz", NULL);
    int left = MOST_REQUESTS;
    for (char *line = text, *next; line && left-- > 0; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        ask(hns, line);
    }
    if (wcl_hns_restore(hns, NULL) != WCL_OK)
        abort();
    wcl_hns_close(hns);
    free(text);
    return 0;
}
