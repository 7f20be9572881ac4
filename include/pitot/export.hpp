// What the library lets programs call.
#pragma once

/// Marks what a shared library of Pitot exports. Everything is compiled with -fvisibility=hidden, so that nothing else
/// can clash with, or be used by, the program that loads it.
#define PITOT_API __attribute__((visibility("default")))
