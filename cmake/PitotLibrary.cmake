# pitot_library(ROOM …)
#
# The installed library: target pitot::pitot, one archive of the objects of every room, the headers of include/pitot and
# the CMake package `pitot`.
include(CMakePackageConfigHelpers)

function(pitot_library)
    set(objects)
    foreach(room IN LISTS ARGN)
        get_target_property(type pitot_${room} TYPE)
        if(type STREQUAL "STATIC_LIBRARY")
            list(APPEND objects $<TARGET_OBJECTS:pitot_${room}>)
        endif()
    endforeach()
    add_library(pitot STATIC ${objects})
    add_library(pitot::pitot ALIAS pitot)
    set_target_properties(pitot PROPERTIES LINKER_LANGUAGE CXX)
    target_compile_features(pitot PUBLIC cxx_std_20)
    target_include_directories(pitot PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(pitot PUBLIC tl::expected
        PRIVATE fmt::fmt OpenSSL::Crypto PkgConfig::LIBZIP PkgConfig::HWY PkgConfig::UTF8PROC Threads::Threads csv)

    set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/pitot")
    install(TARGETS pitot EXPORT pitotTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/pitot" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp")
    install(EXPORT pitotTargets NAMESPACE pitot:: DESTINATION ${package_dir})
    configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/pitotConfig.cmake.in"
        "${PROJECT_BINARY_DIR}/pitotConfig.cmake" INSTALL_DESTINATION ${package_dir})
    write_basic_package_version_file("${PROJECT_BINARY_DIR}/pitotConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
    install(FILES "${PROJECT_BINARY_DIR}/pitotConfig.cmake" "${PROJECT_BINARY_DIR}/pitotConfigVersion.cmake"
        DESTINATION ${package_dir})
endfunction()
