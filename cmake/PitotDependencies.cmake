# Every library we use, found on the system and never downloaded. scripts/install-deps.sh installs them.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(tl-expected REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(FastFloat REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
# By pkg-config: Debian's CMake files of libzip name programs of packages that nobody needs.
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)

find_path(PITOT_RANDOM123_DIR Random123/philox.h)
if(NOT PITOT_RANDOM123_DIR)
    message(FATAL_ERROR "Random123/philox.h was not found: install librandom123-dev (scripts/install-deps.sh does).")
endif()
add_library(pitot_random123 INTERFACE IMPORTED)
target_include_directories(pitot_random123 SYSTEM INTERFACE "${PITOT_RANDOM123_DIR}")
add_library(PitotSystem::random123 ALIAS pitot_random123)

# libcsv brings neither a CMake package nor a pkg-config file.
find_path(PITOT_CSV_DIR csv.h)
find_library(PITOT_CSV_LIBRARY csv)
if(NOT PITOT_CSV_DIR OR NOT PITOT_CSV_LIBRARY)
    message(FATAL_ERROR "csv.h was not found: install libcsv-dev (scripts/install-deps.sh does).")
endif()
add_library(pitot_libcsv INTERFACE IMPORTED)
target_include_directories(pitot_libcsv SYSTEM INTERFACE "${PITOT_CSV_DIR}")
target_link_libraries(pitot_libcsv INTERFACE "${PITOT_CSV_LIBRARY}")
add_library(PitotSystem::csv ALIAS pitot_libcsv)

# libwabt's own CMake package names targets of the programs that come with it.
find_path(PITOT_WABT_DIR wabt/ir.h)
find_library(PITOT_WABT_LIBRARY wabt)
if(NOT PITOT_WABT_DIR OR NOT PITOT_WABT_LIBRARY)
    message(FATAL_ERROR "wabt/ir.h was not found: install wabt (scripts/install-deps.sh does).")
endif()
add_library(pitot_libwabt INTERFACE IMPORTED)
target_include_directories(pitot_libwabt SYSTEM INTERFACE "${PITOT_WABT_DIR}")
target_link_libraries(pitot_libwabt INTERFACE "${PITOT_WABT_LIBRARY}" OpenSSL::Crypto)
add_library(PitotSystem::wabt ALIAS pitot_libwabt)
