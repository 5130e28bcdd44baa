# mortise_host_library(NAME [SOURCES file...] [LINKS folder...] [PUBLIC_LIBS target...] [PRIVATE_LIBS target...])
#
# One host folder, one library target `mortise_NAME`. LINKS names the host folders that this one may include:
# each library exposes an include root that holds a link to its own folder and nothing else, so that
# #include "catalog/catalog.hpp" compiles only in a folder that links `catalog`. That is how DESIGN's arrows hold.
#
# The target `check_headers`, which no other needs, compiles every header of these folders alone.
add_custom_target(check_headers)

function(mortise_host_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS;PUBLIC_LIBS;PRIVATE_LIBS")
  set(root ${CMAKE_BINARY_DIR}/include-roots/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/${name} SYMBOLIC)

  add_library(mortise_${name} STATIC ${arg_SOURCES})
  target_include_directories(mortise_${name} PUBLIC ${root})
  target_link_libraries(mortise_${name} PUBLIC ${arg_PUBLIC_LIBS} PRIVATE mortise_options ${arg_PRIVATE_LIBS})
  foreach(folder IN LISTS arg_LINKS)
    target_link_libraries(mortise_${name} PUBLIC mortise_${folder})
  endforeach()
  _mortise_check_headers(${name})
endfunction()

function(_mortise_check_headers name)
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/*.hpp)
  set(sources "")
  foreach(header IN LISTS headers)
    set(source ${CMAKE_BINARY_DIR}/header-checks/${name}/${header}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${name}/${header}\"\n")
    list(APPEND sources ${source})
  endforeach()
  add_library(check_${name}_headers OBJECT EXCLUDE_FROM_ALL ${sources})
  target_include_directories(check_${name}_headers PRIVATE
    $<TARGET_PROPERTY:mortise_${name},INCLUDE_DIRECTORIES>)
  target_compile_definitions(check_${name}_headers PRIVATE
    $<TARGET_PROPERTY:mortise_${name},COMPILE_DEFINITIONS>)
  target_link_libraries(check_${name}_headers PRIVATE mortise_options)
  add_dependencies(check_headers check_${name}_headers)
endfunction()
