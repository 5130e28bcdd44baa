# How everything in this project is compiled: the `mortise_options` target carries warnings, hardening and
# sanitizers; link it PRIVATE. Also finds ccache.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported()

# Sanitizer builds are optimised lightly: stack traces stay readable and tests run at a useful speed.
set(CMAKE_C_FLAGS_SANITIZE "-O1 -g1 -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_SANITIZE "-O1 -g1 -fno-omit-frame-pointer")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

find_program(MORTISE_CCACHE ccache)
if(MORTISE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${MORTISE_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${MORTISE_CCACHE})
endif()

# Several files as one, where a preset asks for it: reading the headers takes longer than compiling most files.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)

set(MORTISE_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=: address,undefined or thread")

add_library(mortise_options INTERFACE)
target_compile_options(mortise_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  -fstack-protector-strong)
target_link_options(mortise_options INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(mortise_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fstack-clash-protection>)
endif()
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # What is private to a file is in none of its own there.
  target_compile_options(mortise_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
endif()
if(MORTISE_SANITIZE)
  add_compile_options(-fsanitize=${MORTISE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MORTISE_SANITIZE})
  if(MORTISE_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Boost uses fences that gcc's tsan cannot model; it models the atomics around them.
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-tsan>)
  endif()
else()
  target_compile_definitions(mortise_options INTERFACE $<$<CONFIG:RelWithDebInfo,Release>:_FORTIFY_SOURCE=2>)
endif()

find_package(Threads REQUIRED)
