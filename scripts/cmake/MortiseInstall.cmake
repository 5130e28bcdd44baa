# How files come into a prefix in which a host may be running and an admin may have edited. Both run at install time
# and honour DESTDIR. An optional last argument names the component that they belong to, one that is installed only when
# it is asked for; without it they are part of the host.

# mortise_install_plugin(FILE): FILE into the drop directory, under its name only when it is complete. One that is there
# already stays untouched, so that the host need not look at it again.
function(mortise_install_plugin file)
  set(component COMPONENT host)
  if(ARGC GREATER 1)
    set(component COMPONENT ${ARGV1} EXCLUDE_FROM_ALL)
  endif()
  cmake_path(GET file FILENAME name)
  install(CODE "
    set(directory \"\${CMAKE_INSTALL_PREFIX}/lib/mortise/plugins\")
    set(target \"\$ENV{DESTDIR}\${directory}/${name}\")
    execute_process(COMMAND \"\${CMAKE_COMMAND}\" -E compare_files \"${file}\" \"\${target}\"
      RESULT_VARIABLE differs OUTPUT_QUIET ERROR_QUIET)
    if(differs)
      file(INSTALL \"${file}\" DESTINATION \"\${directory}\" RENAME \".${name}\"
        PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
      file(RENAME \"\$ENV{DESTDIR}\${directory}/.${name}\" \"\${target}\")
      list(TRANSFORM CMAKE_INSTALL_MANIFEST_FILES REPLACE \"/[.]${name}$\" \"/${name}\")
    else()
      message(STATUS \"Up-to-date: \${target}\")
      list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${directory}/${name}\")
    endif()"
    ${component})
endfunction()

# mortise_install_default(FILE DESTINATION): FILE into DESTINATION unless it was delivered there before: what the admin
# has edited or deleted since stays so. The delivered text itself is in share/mortise/defaults, replaced each time, to
# compare with.
function(mortise_install_default file destination)
  set(component COMPONENT host)
  if(ARGC GREATER 2)
    set(component COMPONENT ${ARGV2} EXCLUDE_FROM_ALL)
  endif()
  cmake_path(GET file FILENAME name)
  string(REGEX REPLACE "^etc/mortise" "share/mortise/defaults" defaults ${destination})
  install(CODE "
    set(target \"\${CMAKE_INSTALL_PREFIX}/${destination}\")
    set(default \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${defaults}/${name}\")
    if(NOT EXISTS \"\$ENV{DESTDIR}\${target}/${name}\" AND NOT EXISTS \"\${default}\")
      file(INSTALL \"${file}\" DESTINATION \"\${target}\")
    else()
      message(STATUS \"Kept: \$ENV{DESTDIR}\${target}/${name}\")
    endif()"
    ${component})
  install(FILES ${file} DESTINATION ${defaults} ${component})
endfunction()
