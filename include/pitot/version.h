// Which Pitot these headers are of, for C and for C++. CMake reads it here.
#pragma once

#define PITOT_VERSION_MAJOR 0
#define PITOT_VERSION_MINOR 1
#define PITOT_VERSION_PATCH 0
