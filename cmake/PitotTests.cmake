# pitot_test(NAME SOURCES file … [LIBS target …] [LABELS label …] [WITHOUT pattern …] [TOGETHER suite …])
#
# A GoogleTest executable NAME; ctest lists each of its tests as NAME.Suite.Test, so that a skipped one is seen, but for
# those that match GoogleTest's patterns of WITHOUT. The tests of a suite of TOGETHER, which share a model that is fit for
# them, are one test NAME.Suite, for ctest starts a process a test, each of which would fit it again.
find_package(GTest REQUIRED)
find_package(rapidcheck REQUIRED)
include(GoogleTest)

function(pitot_test name)
    cmake_parse_arguments(PARSE_ARGV 1 test "" "" "SOURCES;LIBS;LABELS;WITHOUT;TOGETHER")
    add_executable(${name} ${test_SOURCES})
    if(PITOT_UNITY)
        set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
    endif()
    target_compile_definitions(${name} PRIVATE PITOT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(${name} PRIVATE
        ${test_LIBS} GTest::gtest GTest::gtest_main rapidcheck rapidcheck_gtest pitot_compiler)
    list(TRANSFORM test_TOGETHER APPEND ".*" OUTPUT_VARIABLE together)
    list(JOIN test_WITHOUT ":" without)
    set(filter)
    set(elsewhere ${test_WITHOUT} ${together})
    if(elsewhere)
        list(JOIN elsewhere ":" patterns)
        set(filter TEST_FILTER "-${patterns}")
    endif()
    gtest_discover_tests(${name} ${filter}
        TEST_PREFIX ${name}. NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
        PROPERTIES LABELS "${test_LABELS}" TIMEOUT 600)
    foreach(suite IN LISTS test_TOGETHER)
        add_test(NAME ${name}.${suite} COMMAND ${name} "--gtest_filter=${suite}.*-${without}")
        set_tests_properties(${name}.${suite} PROPERTIES LABELS "${test_LABELS}" TIMEOUT 600)
    endforeach()
endfunction()
