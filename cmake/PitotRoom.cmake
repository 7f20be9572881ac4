# pitot_room(NAME [FOLDER folder] [SUBFOLDERS] [DEPENDS room …] [LIBS target …])
#
# Makes src/FOLDER (default: NAME) the static library pitot_NAME of every .cpp in it, and with SUBFOLDERS of those in its
# folders, too. A folder without any is a room of
# headers and becomes an interface library.
function(pitot_room name)
    cmake_parse_arguments(PARSE_ARGV 1 room "SUBFOLDERS" "FOLDER" "DEPENDS;LIBS")
    if(NOT room_FOLDER)
        set(room_FOLDER ${name})
    endif()
    set(patterns "${PROJECT_SOURCE_DIR}/src/${room_FOLDER}/*.cpp")
    if(room_SUBFOLDERS)
        list(APPEND patterns "${PROJECT_SOURCE_DIR}/src/${room_FOLDER}/*/*.cpp")
    endif()
    file(GLOB sources CONFIGURE_DEPENDS ${patterns})
    list(TRANSFORM room_DEPENDS PREPEND pitot_)

    if(sources)
        add_library(pitot_${name} STATIC ${sources})
        target_link_libraries(pitot_${name} PRIVATE pitot_compiler)
        if(PITOT_UNITY AND NOT name MATCHES "^backend")
            # Several sources a compilation. Not where they compile themselves once for every instruction set.
            set_target_properties(pitot_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
        endif()
        if(PITOT_FUZZ AND name MATCHES "^(core|formats|wasm|engines|dataset|traces|models|predict|experiment|place)$")
            # The rooms with readers: libFuzzer sees which branches an input took.
            target_compile_options(pitot_${name} PRIVATE -fsanitize=fuzzer-no-link)
        endif()
        set(scope PUBLIC)
    else()
        add_library(pitot_${name} INTERFACE)
        set(scope INTERFACE)
    endif()
    target_include_directories(pitot_${name} ${scope} "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
    target_link_libraries(pitot_${name} ${scope} ${room_DEPENDS} ${room_LIBS})
endfunction()
