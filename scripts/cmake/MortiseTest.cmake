# mortise_test(NAME SOURCES file... [LINKS target...] [LABELS label...] [DEPENDS target...] [PROPERTIES key value...])
#
# One GoogleTest executable `NAME`; every TEST in it is a ctest test of its own, found when ctest runs. The time limits
# are for what hangs: nothing else takes so long, under a sanitizer and on a busy machine, too.
find_package(GTest REQUIRED)
include(GoogleTest)

function(mortise_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS;LABELS;DEPENDS;PROPERTIES")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} GTest::gmock GTest::gtest_main mortise_options)
  if(arg_DEPENDS)
    add_dependencies(${name} ${arg_DEPENDS})
  endif()
  set(properties TIMEOUT 300 ${arg_PROPERTIES})
  if(arg_LABELS)  # an empty text would vanish, and the next word be the label
    list(APPEND properties LABELS "${arg_LABELS}")
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120 PROPERTIES ${properties})
endfunction()
