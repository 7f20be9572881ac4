# pitot_test(NAME SOURCES file … [LIBS target …] [LABELS label …] [WITHOUT patterns])
#
# A GoogleTest executable NAME; ctest lists each of its tests as NAME.Suite.Test, so that a skipped one is seen, but for
# those that match GoogleTest's patterns of WITHOUT.
find_package(GTest REQUIRED)
find_package(rapidcheck REQUIRED)
include(GoogleTest)

function(pitot_test name)
    cmake_parse_arguments(PARSE_ARGV 1 test "" "WITHOUT" "SOURCES;LIBS;LABELS")
    add_executable(${name} ${test_SOURCES})
    if(PITOT_UNITY)
        set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
    endif()
    target_compile_definitions(${name} PRIVATE PITOT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(${name} PRIVATE
        ${test_LIBS} GTest::gtest GTest::gtest_main rapidcheck rapidcheck_gtest pitot_compiler)
    set(filter)
    if(test_WITHOUT)
        set(filter TEST_FILTER "-${test_WITHOUT}")
    endif()
    gtest_discover_tests(${name} ${filter}
        TEST_PREFIX ${name}. NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
        PROPERTIES LABELS "${test_LABELS}" TIMEOUT 600)
endfunction()
