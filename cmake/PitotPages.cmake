# pitot_pages(PROGRAM)
#
# Man pages and completions, written by the built program from its own table of verbs, and where they are installed. A
# program for another processor cannot be run (unless CMAKE_CROSSCOMPILING_EMULATOR says by what): then there are none.
function(pitot_pages program)
    if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
        message(STATUS "Cross-compiling: no man pages and completions, which the program writes.")
        return()
    endif()
    set(folder "${PROJECT_BINARY_DIR}/pages")
    set(completions)
    foreach(shell_file IN ITEMS bash:pitot zsh:_pitot fish:pitot.fish)
        string(REGEX REPLACE ":.*" "" shell "${shell_file}")
        string(REGEX REPLACE ".*:" "" file "${shell_file}")
        list(APPEND completions
            COMMAND ${CMAKE_COMMAND} -E make_directory "${folder}/${shell}"
            COMMAND ${program} completion ${shell} > "${folder}/${shell}/${file}")
    endforeach()
    add_custom_command(OUTPUT "${folder}/written"
        COMMAND ${CMAKE_COMMAND} -E rm -rf "${folder}"
        COMMAND ${program} man -o "${folder}/man1"
        ${completions}
        COMMAND ${CMAKE_COMMAND} -E touch "${folder}/written"
        DEPENDS ${program} COMMENT "Man pages and completions" VERBATIM)
    add_custom_target(${program}_pages ALL DEPENDS "${folder}/written")
    install(DIRECTORY "${folder}/man1" DESTINATION ${CMAKE_INSTALL_MANDIR})
    install(FILES "${folder}/bash/pitot" DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    install(FILES "${folder}/zsh/_pitot" DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
    install(FILES "${folder}/fish/pitot.fish" DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endfunction()
