# The compiler for NVIDIA cards, where PITOT_CUDA asks for it, and pitot_cuda_room(), which makes a room of .cpp and .cu.

if(NOT CMAKE_CUDA_COMPILER)
    find_program(PITOT_NVCC nvcc PATHS /usr/local/cuda/bin)
    if(NOT PITOT_NVCC)
        message(FATAL_ERROR "PITOT_CUDA needs nvcc, the compiler of NVIDIA's CUDA toolkit (12 or later); none is in the "
            "path or in /usr/local/cuda/bin. Set CMAKE_CUDA_COMPILER to it, or build without PITOT_CUDA.")
    endif()
    set(CMAKE_CUDA_COMPILER "${PITOT_NVCC}")
endif()
if(NOT CMAKE_CUDA_ARCHITECTURES)
    # Ampere and Hopper in machine code; later cards compile the last one's intermediate code when they first see it.
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90)
endif()
enable_language(CUDA)
# This CMake does not know that nvcc has C++20, which a library of ours asks of whoever uses it.
set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_EXTENSIONS OFF)
if(PITOT_CCACHE AND NOT CMAKE_CUDA_COMPILER_LAUNCHER)
    set(CMAKE_CUDA_COMPILER_LAUNCHER "${PITOT_CCACHE}")
endif()
find_package(CUDAToolkit REQUIRED)

# What the rooms for cards are linked with, targets CUDA::NAME of the toolkit's libraries NAME: the installed library hands
# them on (PitotLibrary.cmake). The runtime is linked statically, and finds the driver when the program asks for cards.
set(PITOT_CUDA_LIBS CUDA::cudart_static CUDA::cublas CUDA::cusolver)

function(pitot_cuda_room name)
    cmake_parse_arguments(PARSE_ARGV 1 room "" "FOLDER" "DEPENDS;LIBS")
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${room_FOLDER}/*.cpp"
        "${PROJECT_SOURCE_DIR}/src/${room_FOLDER}/*.cu")
    list(TRANSFORM room_DEPENDS PREPEND pitot_)
    add_library(pitot_${name} STATIC ${sources})
    # 554, "will not be called for implicit or explicit conversions": a MatrixView of const has an operator to its own type.
    target_compile_options(pitot_${name} PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-lineinfo;--expt-relaxed-constexpr;--diag-suppress=554>)
    get_target_property(options pitot_compiler INTERFACE_COMPILE_OPTIONS)
    foreach(option IN LISTS options)
        target_compile_options(pitot_${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${option}>)
    endforeach()
    target_include_directories(pitot_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
    target_link_libraries(pitot_${name} PUBLIC ${room_DEPENDS} CUDA::cudart_static ${room_LIBS})
endfunction()
