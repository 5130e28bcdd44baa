# mortise_zoo_plugin(NAME SOURCE file [MANIFEST json] [PLUGIN name] [VERSION version] [INTERFACES id...]
#                    [PROVIDES contract...] [REQUIRES contract...]
#                    [EXPORTS symbol...] [DEFINES definition...] [LINK_OPTIONS option...])
#
# One plugin at ${CMAKE_BINARY_DIR}/zoo/NAME.so, target zoo-NAME, which `zoo` builds with all others. Without MANIFEST,
# one is written for PLUGIN (default NAME) and VERSION (default 1.0.0); the plugin "no-manifest" has none. A contract is
# an id, or the object that stands in the manifest. EXPORTS are the symbols that its version script leaves global
# (default: the entry).
add_custom_target(zoo)

# Sets `result` to the JSON of a list of contracts.
function(_mortise_zoo_contracts result)
  list(TRANSFORM ARGN REPLACE "^([^{].*)$" "{\"contract\": \"\\1\"}")
  list(JOIN ARGN ", " contracts)
  set(${result} "[${contracts}]" PARENT_SCOPE)
endfunction()

function(mortise_zoo_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE;MANIFEST;PLUGIN;VERSION"
    "INTERFACES;PROVIDES;REQUIRES;EXPORTS;DEFINES;LINK_OPTIONS")
  if(NOT arg_PLUGIN)
    set(arg_PLUGIN ${name})
  endif()
  if(NOT arg_VERSION)
    set(arg_VERSION 1.0.0)
  endif()
  if(NOT arg_EXPORTS)
    set(arg_EXPORTS mortise_plugin_entry_v1)
  endif()
  if(NOT arg_MANIFEST)
    list(TRANSFORM arg_INTERFACES REPLACE "(.+)" "\"\\1\"" OUTPUT_VARIABLE interfaces)
    list(JOIN interfaces ", " interfaces)
    set(arg_MANIFEST "{\"name\": \"${arg_PLUGIN}\", \"version\": \"${arg_VERSION}\", \"abi\": 1")
    _mortise_zoo_contracts(provides ${arg_PROVIDES})
    _mortise_zoo_contracts(requires ${arg_REQUIRES})
    string(APPEND arg_MANIFEST ", \"summary\": \"for tests\", \"interfaces\": [${interfaces}]")
    string(APPEND arg_MANIFEST ", \"provides\": ${provides}, \"requires\": ${requires}}")
  endif()

  set(stem ${CMAKE_CURRENT_BINARY_DIR}/${name})
  list(JOIN arg_EXPORTS "; " exports)
  file(CONFIGURE OUTPUT ${stem}.map CONTENT "{ global: ${exports}; local: *; };\n")
  set(sources ${arg_SOURCE})
  if(NOT name STREQUAL "no-manifest")
    file(CONFIGURE OUTPUT ${stem}.json CONTENT "${arg_MANIFEST}" @ONLY)
    # The three words of a note's header, its owner, and the manifest, padded to a multiple of four.
    file(CONFIGURE OUTPUT ${stem}_note.c CONTENT [[
__asm__(
    ".pushsection .note.mortise, \"a\", %note\n"
    ".balign 4\n"
    ".long 8, 2f - 1f, 1\n"
    ".asciz \"Mortise\"\n"
    "1: .incbin \"@stem@.json\"\n"
    "2: .balign 4\n"
    ".popsection\n");
]] @ONLY)
    set_source_files_properties(${stem}_note.c PROPERTIES OBJECT_DEPENDS ${stem}.json)
    list(APPEND sources ${stem}_note.c)
  endif()

  add_library(zoo-${name} MODULE ${sources})
  target_include_directories(zoo-${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  # LINK_OPTIONS as libraries: these come last on the command line, where they overrule mortise_options.
  target_link_libraries(zoo-${name} PRIVATE mortise_options Mortise::abi ${arg_LINK_OPTIONS})
  target_compile_definitions(zoo-${name} PRIVATE ${arg_DEFINES})
  target_link_options(zoo-${name} PRIVATE -Wl,--version-script=${stem}.map)
  set_target_properties(zoo-${name} PROPERTIES PREFIX "" SUFFIX .so OUTPUT_NAME ${name}
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/zoo)
  add_dependencies(zoo zoo-${name})
endfunction()
