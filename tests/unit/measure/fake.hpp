// Programs that stand for modules and engines.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "engines/engine.hpp"
#include "support/temp_folder.hpp"

namespace pitot::test {

/// A shell script that can be executed.
inline engines::Command script(const test::TempFolder& folder, const std::string& name, const std::string& body) {
    const auto file = folder.put(name, "#!/bin/sh\n" + body + "\n");
    ::chmod(file.c_str(), 0755);
    return {{file.string()}, {}};
}

}  // namespace pitot::test
