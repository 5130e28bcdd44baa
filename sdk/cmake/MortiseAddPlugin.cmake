# mortise_add_plugin(NAME VERSION x.y.z SOURCES file... [MANIFEST plugin.json] [ASSETS folder] [LINKS target...])
#
# Adds the target NAME, which builds NAME.so: a module that exports its entry and nothing else, links what it uses
# privately, can be unloaded, and carries its manifest. MANIFEST is a JSON object with what only the team can know
# (summary, interfaces, provides, requires, config); name, version and abi come from here, and may stand there only if
# they agree. ASSETS embeds every file below a folder: include "NAME_assets.hpp" and pass NAME_assets() to
# ctx.assets().mount() (with '-' in the name written as '_').
include_guard()
set(MORTISE_ADD_PLUGIN_DIR ${CMAKE_CURRENT_LIST_DIR})

function(mortise_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "VERSION;MANIFEST;ASSETS" "SOURCES;LINKS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mortise_add_plugin(${name}): unknown argument '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  foreach(needed VERSION SOURCES)
    if(NOT arg_${needed})
      message(FATAL_ERROR "mortise_add_plugin(${name}): ${needed} is missing")
    endif()
  endforeach()
  if(NOT name MATCHES "^[a-z][a-z0-9-]*$")
    message(FATAL_ERROR "mortise_add_plugin(${name}): a plugin's name is lower-case letters, digits and '-', "
                        "beginning with a letter")
  endif()

  # Sources that are generated here are in whichever language the project has.
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  set(extension c)
  if("CXX" IN_LIST languages)
    set(extension cpp)
  endif()
  set(stem ${CMAKE_CURRENT_BINARY_DIR}/${name})
  _mortise_write_manifest(${name} "${arg_VERSION}" "${arg_MANIFEST}" ${stem})
  configure_file(${MORTISE_ADD_PLUGIN_DIR}/plugin_note.in ${stem}_note.${extension} @ONLY)
  set_source_files_properties(${stem}_note.${extension} PROPERTIES
    OBJECT_DEPENDS "${stem}.manifest.json;${stem}.package.json")

  add_library(${name} MODULE ${arg_SOURCES} ${stem}_note.${extension})
  if(arg_ASSETS)
    _mortise_embed_assets(${name} "${arg_ASSETS}" ${stem})
  endif()
  target_link_libraries(${name} PRIVATE Mortise::abi ${arg_LINKS})
  if("CXX" IN_LIST languages)
    target_link_libraries(${name} PRIVATE Mortise::sdk)
  endif()
  _mortise_set_flags(${name})
endfunction()

# The flags that make a plugin safe to load beside others and to unload.
function(_mortise_set_flags name)
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so" OUTPUT_NAME ${name}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH ""
    LINK_DEPENDS ${MORTISE_ADD_PLUGIN_DIR}/plugin.map)
  # A GNU_UNIQUE symbol would keep the library mapped for ever.
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE -Wl,--version-script=${MORTISE_ADD_PLUGIN_DIR}/plugin.map
    -Wl,--exclude-libs,ALL -Wl,-z,relro,-z,now -Wl,--build-id)
  # What a plugin misses is found when it is linked, not when it is loaded; a sanitizer's runtime comes from the host.
  string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
  if(NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}}" MATCHES "-fsanitize" AND NOT MORTISE_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
endfunction()

# Writes STEM.manifest.json and STEM.package.json.
function(_mortise_write_manifest name version file stem)
  set(manifest "{}")
  if(file)
    get_filename_component(file "${file}" ABSOLUTE)
    if(NOT EXISTS "${file}")
      message(FATAL_ERROR "mortise_add_plugin(${name}): there is no manifest '${file}'")
    endif()
    file(READ "${file}" manifest)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    string(JSON type ERROR_VARIABLE error TYPE "${manifest}")
    if(error OR NOT type STREQUAL "OBJECT")
      message(FATAL_ERROR "mortise_add_plugin(${name}): '${file}' is no JSON object: ${error}")
    endif()
  endif()
  foreach(pair "name=\"${name}\"" "version=\"${version}\"" "abi=1")
    string(REGEX MATCH "^([a-z]+)=(.*)$" _ "${pair}")
    set(key ${CMAKE_MATCH_1})
    set(value ${CMAKE_MATCH_2})
    string(JSON given ERROR_VARIABLE error GET "${manifest}" ${key})
    string(REPLACE "\"" "" plain "${value}")
    if(NOT error AND NOT given STREQUAL plain)
      message(FATAL_ERROR "mortise_add_plugin(${name}): '${file}' says ${key} is '${given}', this call says '${plain}'; "
                          "leave it out there")
    endif()
    string(JSON manifest SET "${manifest}" ${key} "${value}")
  endforeach()
  file(CONFIGURE OUTPUT ${stem}.manifest.json CONTENT "@manifest@" @ONLY)
  file(CONFIGURE OUTPUT ${stem}.package.json
    CONTENT "{\"type\":\"mortise-plugin\",\"name\":\"@name@\",\"version\":\"@version@\"}" @ONLY)
endfunction()

# Generates NAME_assets.hpp and its source; the bytes come in through the assembler.
function(_mortise_embed_assets name folder stem)
  get_filename_component(folder "${folder}" ABSOLUTE)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS LIST_DIRECTORIES false RELATIVE ${folder} ${folder}/*)
  if(NOT files)
    message(FATAL_ERROR "mortise_add_plugin(${name}): there are no files below ASSETS '${folder}'")
  endif()
  string(REPLACE "-" "_" identifier ${name})
  set(source "// Generated by mortise_add_plugin.\n#include \"${name}_assets.hpp\"\n\n__asm__(\n")
  string(APPEND source "    \".pushsection .rodata\\n\"\n")
  set(declarations "")
  set(table "")
  set(index 0)
  set(inputs "")
  foreach(file IN LISTS files)
    set(symbol mortise_asset_${index})
    string(APPEND source "    \"${symbol}: .incbin \\\"${folder}/${file}\\\"\\n${symbol}_end: .byte 0\\n\"\n")
    string(APPEND declarations "extern const unsigned char ${symbol}[] __attribute__((visibility(\"hidden\")));\n")
    string(APPEND declarations "extern const unsigned char ${symbol}_end[] __attribute__((visibility(\"hidden\")));\n")
    string(LENGTH "${file}" length)
    string(APPEND table "      {{\"${file}\", ${length}}, {${symbol}, static_cast<uint64_t>(${symbol}_end - ${symbol})}},\n")
    list(APPEND inputs ${folder}/${file})
    math(EXPR index "${index} + 1")
  endforeach()
  string(APPEND source "    \".popsection\\n\");\n\nextern \"C\" {\n${declarations}}\n\n")
  string(APPEND source "std::span<const mortise_asset> ${identifier}_assets() {\n")
  string(APPEND source "  static const mortise_asset assets[] = {\n${table}  };\n  return assets;\n}\n")
  file(CONFIGURE OUTPUT ${stem}_assets.cpp CONTENT "${source}" @ONLY)
  configure_file(${MORTISE_ADD_PLUGIN_DIR}/plugin_assets.hpp.in ${stem}-include/${name}_assets.hpp @ONLY)
  set_source_files_properties(${stem}_assets.cpp PROPERTIES OBJECT_DEPENDS "${inputs}")
  target_sources(${name} PRIVATE ${stem}_assets.cpp)
  target_include_directories(${name} PRIVATE ${stem}-include)
endfunction()
