/* Scattered tars, in two passes. */
#include "layer/store/read/scattered.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "base/hooks.h"
#include "layer/entry/entry.h"
#include "layer/entry/path.h"
#include "layer/store/index/index_paths.h"

#define SPOOL_MEMORY (1024u * 1024)
#define COPY_SIZE (64u * 1024)

/* What is known of a node of the tree of all paths. A hard link is a node of its own here. Nodes
 * are 0, which is the root, where there is none. */
typedef struct node_note {
    uint64_t ordinal; /* of the entry that it is, from 1; of a folder the last; 0: no entry */
    size_t kept;      /* of a folder that comes late, or of a file with an heir: from 1 */
    wcl_node target;  /* of a hard link: what its target was then */
    wcl_node file;    /* of a hard link: the file that it leads to in the end */
    wcl_node heir;    /* of a file that lost its name: the link that is given in its place */
    bool is_wanted;   /* links have to be told the path of this file */
    char *path;       /* then, once it was given */
} node_note;

struct wcl_scattered {
    wcl_os os;
    wcl_erofs_tree *all;
    node_note *notes; /* by node */
    size_t note_count;
    wcl_node *orphans; /* the files with an heir, in the order of the tar */
    size_t orphan_count;
    size_t next_orphan;
    wcl_kept_entry *kept;
    size_t kept_count;
    size_t kept_capacity;
    wcl_spool spool; /* the streams of `kept` */
    uint64_t ordinal;
    wcl_buffer key;
};

/* ---- Paths as trees have them --------------------------------------------------------------- */

static wcl_status scattered_make_key(wcl_scattered *scattered, const char *path, wcl_error *error)
{
    bool is_short;

    wcl_buffer_clear(&scattered->key);
    if (wcl_buffer_append_text(&scattered->key, path, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_index_shorten_path(&scattered->key, scattered->os, &is_short, error);
}

/* Puts a new node there, in place of what is there. Folders that lead to it are made. */
static wcl_status place_path(wcl_scattered *scattered, const char *path, bool is_folder,
                             wcl_node *node, wcl_error *error)
{
    wcl_erofs_tree *tree = scattered->all;
    const wcl_erofs_inode folder = { .mode = S_IFDIR | 0755 }, file = { .mode = S_IFREG | 0644 };
    wcl_node parent;

    if (scattered_make_key(scattered, path, error) != WCL_OK ||
        wcl_tree_make_parents(tree, wcl_buffer_text(&scattered->key), &folder, NULL, 0, &parent,
                              error) != WCL_OK ||
        wcl_tree_add_node(tree, is_folder ? &folder : &file, node, error) != WCL_OK)
        return WCL_FAILED;
    const char *name = wcl_path_base(wcl_buffer_text(&scattered->key));
    return wcl_tree_link(tree, parent, name, strlen(name), *node, NULL, error);
}

static wcl_status scattered_find(wcl_scattered *scattered, const char *path, wcl_node *node,
                                 wcl_error *error)
{
    if (scattered_make_key(scattered, path, error) != WCL_OK)
        return WCL_FAILED;
    *node = wcl_tree_find(scattered->all, wcl_buffer_text(&scattered->key));
    return WCL_OK;
}

/* Whether the node still has its name. */
static bool is_there(const wcl_scattered *scattered, wcl_node node)
{
    return wcl_tree_node_entry(scattered->all, node) != WCL_NO_ENTRY;
}

/* ---- Keeping entries ------------------------------------------------------------------------ */

static wcl_status keep_stream(wcl_scattered *scattered, wcl_layer_reader *tar, wcl_error *error)
{
    WCL_CLEANUP_FREE void *piece = malloc(COPY_SIZE);
    size_t got = 1;

    if (!piece)
        return wcl_fail_memory(error);
    while (got)
        if (wcl_layer_reader_read(tar, piece, COPY_SIZE, &got, error) != WCL_OK ||
            wcl_spool_append(&scattered->spool, piece, got, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* In place of what was kept for the node before. */
static wcl_status keep(wcl_scattered *scattered, wcl_layer_reader *tar, const wcl_entry *entry,
                       wcl_node node, wcl_error *error)
{
    node_note *note = &scattered->notes[node];

    if (!note->kept) {
        if (WCL_LIST_RESERVE(scattered->kept, scattered->kept_count, scattered->kept_capacity,
                             error) != WCL_OK)
            return WCL_FAILED;
        scattered->kept[scattered->kept_count++] = (wcl_kept_entry) { .entry = WCL_ENTRY_INIT };
        note->kept = scattered->kept_count;
    }
    wcl_kept_entry *kept = &scattered->kept[note->kept - 1];
    wcl_entry_copy_free(&kept->entry);
    kept->offset = scattered->spool.size;
    if (wcl_entry_copy(entry, &kept->entry, error) != WCL_OK ||
        keep_stream(scattered, tar, error) != WCL_OK)
        return WCL_FAILED;
    kept->size = scattered->spool.size - kept->offset;
    return WCL_OK;
}

wcl_status wcl_scattered_read(const wcl_scattered *scattered, const wcl_kept_entry *kept,
                              uint64_t position, void *buffer, size_t size, size_t *got,
                              wcl_error *error)
{
    uint64_t left = kept->size - position;

    *got = left < size ? (size_t)left : size;
    return wcl_spool_read(&scattered->spool, kept->offset + position, buffer, *got, error);
}

/* ---- The first pass ------------------------------------------------------------------------- */

/* The notes of the node at hand, among those of all that there are by now. */
static wcl_status note_of(wcl_scattered *scattered, wcl_node node, node_note **note,
                          wcl_error *error)
{
    size_t count = wcl_tree_node_count(scattered->all);

    if (count > scattered->note_count) {
        size_t room = count + count / 2;
        node_note *notes = reallocarray(scattered->notes, room, sizeof(*notes));
        if (!notes)
            return wcl_fail_memory(error);
        memset(notes + scattered->note_count, 0, (room - scattered->note_count) * sizeof(*notes));
        scattered->notes = notes;
        scattered->note_count = room;
    }
    *note = &scattered->notes[node];
    return WCL_OK;
}

/* Notes what a hard link leads to, before it takes its own place. */
static wcl_status scattered_find_target(wcl_scattered *scattered, const wcl_entry *entry,
                                        node_note *link, wcl_error *error)
{
    wcl_node target;

    if (entry->kind != WCL_ENTRY_HARD_LINK || !entry->target)
        return WCL_OK;
    if (scattered_find(scattered, entry->target, &target, error) != WCL_OK)
        return WCL_FAILED;
    /* Of a parent layer. */
    if (target == WCL_NO_NODE || wcl_tree_is_folder(scattered->all, target))
        return WCL_OK;
    const node_note *note = &scattered->notes[target];
    link->target = target;
    link->file = note->file ? note->file : target;
    return WCL_OK;
}

static wcl_status survey_entry(wcl_scattered *scattered, wcl_layer_reader *tar,
                               const wcl_entry *entry, wcl_error *error)
{
    bool is_folder = entry->kind == WCL_ENTRY_DIRECTORY;
    node_note link = { 0 }, *note;
    wcl_node node;

    scattered->ordinal++;
    if (entry->kind == WCL_ENTRY_DELETED || entry->kind == WCL_ENTRY_OPAQUE)
        return WCL_OK;
    if (scattered_find_target(scattered, entry, &link, error) != WCL_OK ||
        scattered_find(scattered, entry->path, &node, error) != WCL_OK)
        return WCL_FAILED;
    bool is_again = is_folder && node != WCL_NO_NODE && wcl_tree_is_folder(scattered->all, node);
    if (!is_again && place_path(scattered, entry->path, is_folder, &node, error) != WCL_OK)
        return WCL_FAILED;
    if (note_of(scattered, node, &note, error) != WCL_OK)
        return WCL_FAILED;
    note->ordinal = scattered->ordinal;
    note->target = link.target;
    note->file = link.file;
    return is_again ? keep(scattered, tar, entry, node, error) : WCL_OK;
}

/* Finds the files that lost their names to later entries, and who is given in their place. */
static wcl_status find_heirs(wcl_scattered *scattered, wcl_error *error)
{
    const wcl_node count = wcl_tree_node_count(scattered->all);
    node_note *notes;

    /* The root's is the first of all. */
    if (note_of(scattered, WCL_TREE_ROOT, &notes, error) != WCL_OK)
        return WCL_FAILED;
    for (wcl_node node = 0; node < count; node++) {
        if (!notes[node].file || !is_there(scattered, node))
            continue;
        node_note *file = &notes[notes[node].file];
        if (!is_there(scattered, notes[node].file)) {
            scattered->orphan_count += !file->heir;
            file->heir = file->heir ? file->heir : node;
        } else if (!is_there(scattered, notes[node].target)) {
            file->is_wanted = true;
        }
    }
    scattered->orphans = calloc(scattered->orphan_count + 1, sizeof(*scattered->orphans));
    if (!scattered->orphans)
        return wcl_fail_memory(error);
    /* Nodes of files are in the order of their entries. */
    for (wcl_node node = 0, at = 0; node < count; node++)
        if (notes[node].heir)
            scattered->orphans[at++] = node;
    return WCL_OK;
}

static wcl_status survey(wcl_scattered *scattered, wcl_layer_reader *tar, const wcl_hooks *hooks,
                         wcl_error *error)
{
    wcl_progress progress = { .operation = "read layer" };
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;

    while ((status = wcl_layer_reader_next(tar, &entry, error)) == WCL_OK) {
        progress.entries++;
        if (survey_entry(scattered, tar, &entry, error) != WCL_OK ||
            wcl_hooks_report(hooks, &progress, error) != WCL_OK)
            return WCL_FAILED;
    }
    scattered->ordinal = 0;
    return status == WCL_END ? find_heirs(scattered, error) : WCL_FAILED;
}

wcl_status wcl_scattered_new(wcl_layer_reader *tar, wcl_os os, const wcl_hooks *hooks,
                             wcl_scattered **scattered, wcl_error *error)
{
    wcl_scattered *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->os = os;
    wcl_spool_init(&made->spool, SPOOL_MEMORY);
    if (wcl_tree_new(os == WCL_OS_WINDOWS ? WCL_NAMES_CASELESS : WCL_NAMES_EXACT, &made->all,
                     error) != WCL_OK ||
        survey(made, tar, hooks, error) != WCL_OK) {
        wcl_scattered_free(made);
        return WCL_FAILED;
    }
    *scattered = made;
    return WCL_OK;
}

void wcl_scattered_free(wcl_scattered *scattered)
{
    if (!scattered)
        return;
    wcl_tree_free(scattered->all);
    for (size_t i = 0; i < scattered->note_count; i++)
        free(scattered->notes[i].path);
    free(scattered->notes);
    free(scattered->orphans);
    for (size_t i = 0; i < scattered->kept_count; i++)
        wcl_entry_copy_free(&scattered->kept[i].entry);
    free(scattered->kept);
    wcl_spool_free(&scattered->spool);
    wcl_buffer_free(&scattered->key);
    free(scattered);
}

/* ---- The second pass ------------------------------------------------------------------------ */

static wcl_status set_path(const char **path, const char *to, wcl_error *error)
{
    free((char *)*path);
    *path = strdup(to);
    return *path ? WCL_OK : wcl_fail_memory(error);
}

/* A link that is the heir of its file is given as that file; another leads to what has the file's
 * contents now. */
static wcl_status settle_link(wcl_scattered *scattered, wcl_node node, wcl_entry *entry,
                              wcl_scattered_fate *fate, const wcl_kept_entry **kept,
                              wcl_error *error)
{
    const node_note *link = &scattered->notes[node], *file = &scattered->notes[link->file];
    wcl_kept_entry *own = file->kept ? &scattered->kept[file->kept - 1] : NULL;

    if (file->heir == node && own) {
        *fate = WCL_SCATTERED_KEPT;
        *kept = own;
        return set_path(&own->entry.path, entry->path, error);
    }
    if (!is_there(scattered, link->target) && (own || file->path))
        entry->target = own ? own->entry.path : file->path;
    return WCL_OK;
}

wcl_status wcl_scattered_next(wcl_scattered *scattered, wcl_layer_reader *tar, wcl_entry *entry,
                              wcl_scattered_fate *fate, const wcl_kept_entry **kept,
                              wcl_error *error)
{
    const size_t orphan = scattered->next_orphan;
    wcl_node node;

    *fate = WCL_SCATTERED_GIVE;
    scattered->ordinal++;
    if (entry->kind == WCL_ENTRY_DELETED || entry->kind == WCL_ENTRY_OPAQUE)
        return WCL_OK;
    if (orphan < scattered->orphan_count &&
        scattered->notes[scattered->orphans[orphan]].ordinal == scattered->ordinal) {
        *fate = WCL_SCATTERED_PASS;
        scattered->next_orphan++;
        return keep(scattered, tar, entry, scattered->orphans[orphan], error);
    }
    if (scattered_find(scattered, entry->path, &node, error) != WCL_OK)
        return WCL_FAILED;
    bool is_folder = node != WCL_NO_NODE && wcl_tree_is_folder(scattered->all, node);
    if (entry->kind == WCL_ENTRY_DIRECTORY) {
        *fate = is_folder ? WCL_SCATTERED_GIVE : WCL_SCATTERED_PASS;
        return WCL_OK;
    }
    if (node == WCL_NO_NODE || scattered->notes[node].ordinal != scattered->ordinal) {
        *fate = WCL_SCATTERED_PASS;
        return WCL_OK;
    }
    node_note *note = &scattered->notes[node];
    if (note->file)
        return settle_link(scattered, node, entry, fate, kept, error);
    return note->is_wanted ? set_path((const char **)&note->path, entry->path, error) : WCL_OK;
}

wcl_status wcl_scattered_folder(wcl_scattered *scattered, const char *path,
                                const wcl_kept_entry **kept, wcl_error *error)
{
    wcl_node node;

    *kept = NULL;
    if (scattered_find(scattered, path, &node, error) != WCL_OK)
        return WCL_FAILED;
    if (node != WCL_NO_NODE && scattered->notes[node].kept)
        *kept = &scattered->kept[scattered->notes[node].kept - 1];
    return WCL_OK;
}
