# How everything of ours is compiled: target pitot_compiler, linked privately by every target.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# One set of objects makes the archive, the shared library and the programs: position-independent, and without symbols
# for others but what PITOT_API marks.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, RelWithDebInfo or Debug" FORCE)
endif()

find_program(PITOT_CCACHE ccache)
if(PITOT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${PITOT_CCACHE}")
endif()

include(GNUInstallDirs)

add_library(pitot_compiler INTERFACE)
target_compile_options(pitot_compiler INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    $<$<BOOL:${PITOT_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC bug 105651: warns of `"literal" + std::string`.
    target_compile_options(pitot_compiler INTERFACE -Wno-restrict)
endif()

if(PITOT_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # In a unity build every source is an included file, whose members may not have types of unnamed namespaces.
    target_compile_options(pitot_compiler INTERFACE -Wno-subobject-linkage)
endif()

# Flags of the whole program, libraries and tests alike.
if(PITOT_SANITIZE)
    add_compile_options(-fsanitize=${PITOT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${PITOT_SANITIZE})
    add_compile_definitions(_GLIBCXX_ASSERTIONS PITOT_SANITIZED)
endif()
if(PITOT_FUZZ AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "PITOT_FUZZ needs clang++: libFuzzer is part of it. Use `cmake --preset asan`.")
endif()
