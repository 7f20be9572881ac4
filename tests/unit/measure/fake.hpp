// Programs that stand for modules and engines.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "engines/engine.hpp"
#include "support/temp_folder.hpp"

namespace pitot::fleet::test {

/// A shell script that can be executed.
inline Command script(const pitot::test::TempFolder& folder, const std::string& name, const std::string& body) {
    const auto file = folder.put(name, "#!/bin/sh\n" + body + "\n");
    ::chmod(file.c_str(), 0755);
    return {{file.string()}, {}};
}

}  // namespace pitot::fleet::test
