# pitot_library(TARGET [SHARED] [COMPONENT name] ROOMS room …)
#
# The installed library: one archive or, with SHARED or BUILD_SHARED_LIBS, one shared library of the objects of every
# room, the headers of include/pitot, the CMake package `pitot` with the target pitot::pitot, and pitot.pc for pkg-config. With COMPONENT it is
# installed only by `cmake --install FOLDER --component name`.
include(CMakePackageConfigHelpers)

function(pitot_library target)
    cmake_parse_arguments(PARSE_ARGV 1 library "SHARED" "COMPONENT" "ROOMS")
    set(objects)
    foreach(room IN LISTS library_ROOMS)
        get_target_property(type pitot_${room} TYPE)
        if(type STREQUAL "STATIC_LIBRARY")
            list(APPEND objects $<TARGET_OBJECTS:pitot_${room}>)
        endif()
    endforeach()
    if(library_SHARED OR BUILD_SHARED_LIBS)
        add_library(${target} SHARED ${objects})
        pitot_hide_symbols(${target})
    else()
        add_library(${target} STATIC ${objects})
    endif()
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX OUTPUT_NAME pitot EXPORT_NAME pitot
        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
    target_compile_features(${target} PUBLIC cxx_std_20)
    target_include_directories(${target} PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${target} PUBLIC tl::expected
        PRIVATE fmt::fmt OpenSSL::Crypto PkgConfig::LIBZIP ZLIB::ZLIB PkgConfig::HWY PkgConfig::UTF8PROC Threads::Threads csv
            ${PITOT_CUDA_LIBS})
    pitot_install_library(${target} "${library_COMPONENT}")
endfunction()

# Exports what PITOT_API marks. Hidden visibility alone would leave instances of the standard library's templates.
function(pitot_hide_symbols target)
    set(map "${PROJECT_BINARY_DIR}/package/pitot.map")
    configure_file("${PROJECT_SOURCE_DIR}/cmake/pitot.map.in" "${map}" @ONLY)
    target_link_options(${target} PRIVATE "LINKER:--version-script=${map}")
    if(NOT PITOT_SANITIZE)
        target_link_options(${target} PRIVATE LINKER:--no-undefined)
    endif()
    set_target_properties(${target} PROPERTIES LINK_DEPENDS "${map}")
endfunction()

function(pitot_install_library target component)
    if(component)
        set(component COMPONENT ${component} EXCLUDE_FROM_ALL)
    endif()
    set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/pitot")
    set(config_dir "${PROJECT_BINARY_DIR}/package/${target}")
    get_target_property(library_type ${target} TYPE)
    install(TARGETS ${target} EXPORT ${target}Targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} ${component}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ${component})
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/pitot" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} ${component}
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")
    install(EXPORT ${target}Targets NAMESPACE pitot:: DESTINATION ${package_dir} ${component})
    configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/pitotConfig.cmake.in" "${config_dir}/pitotConfig.cmake"
        INSTALL_DESTINATION ${package_dir})
    write_basic_package_version_file("${config_dir}/pitotConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
    install(FILES "${config_dir}/pitotConfig.cmake" "${config_dir}/pitotConfigVersion.cmake"
        DESTINATION ${package_dir} ${component})

    # An archive leaves what it is made with to whoever links it; the compiler of C knows nothing of the C++ library.
    set(pitot_pc_requires "")
    set(pitot_pc_libs "")
    if(library_type STREQUAL "STATIC_LIBRARY")
        set(pitot_pc_requires "fmt, libcrypto, libhwy, libutf8proc, libzip, zlib")
        set(pitot_pc_libs "-lcsv -lstdc++ -lm -pthread")
        if(PITOT_CUDA_LIBS)
            list(TRANSFORM PITOT_CUDA_LIBS REPLACE "^CUDA::" "-l" OUTPUT_VARIABLE cuda_libs)
            list(JOIN cuda_libs " " cuda_libs)
            get_target_property(cuda_folder CUDA::cudart_static IMPORTED_LOCATION)
            get_filename_component(cuda_folder "${cuda_folder}" DIRECTORY)
            string(PREPEND pitot_pc_libs "-L${cuda_folder} ${cuda_libs} -ldl -lrt ")
        endif()
    endif()
    file(RELATIVE_PATH pitot_pc_up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
    string(REGEX REPLACE "/$" "" pitot_pc_up "${pitot_pc_up}")
    configure_file("${PROJECT_SOURCE_DIR}/cmake/pitot.pc.in" "${config_dir}/pitot.pc" @ONLY)
    install(FILES "${config_dir}/pitot.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" ${component})
endfunction()
