/* Exports the entry symbol as a variable; so it cannot include the header that declares it. */
extern __attribute__((visibility("default"))) const int mortise_plugin_entry_v1;
const int mortise_plugin_entry_v1 = 1;
