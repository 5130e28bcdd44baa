/* Where a plugin's manifest stands in its file.
 *
 * An ELF note in a PT_NOTE segment, 4-byte aligned, with the owner and type below; its descriptor is the
 * manifest, JSON in UTF-8 without a terminating NUL. The host finds it by owner and type and reads it without
 * running one instruction of the file. mortise_add_plugin() writes it.
 */
#ifndef MORTISE_ABI_MANIFEST_NOTE_H
#define MORTISE_ABI_MANIFEST_NOTE_H

#define MORTISE_NOTE_SECTION ".note.mortise"
#define MORTISE_NOTE_OWNER "Mortise" /* n_namesz counts the NUL: 8 */
#define MORTISE_NOTE_TYPE_MANIFEST 1u

/* A manifest larger than this is refused. */
#define MORTISE_MANIFEST_MAX_BYTES 1048576u

#endif /* MORTISE_ABI_MANIFEST_NOTE_H */
