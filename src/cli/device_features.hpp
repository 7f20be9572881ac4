// Descriptions of devices as features of platforms.
#pragma once

#include <string>

#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::cli {

/// Whether a text is JSON in the form of runtimes.json, which 'pitot device --json' prints.
[[nodiscard]] bool describes_devices(const std::string& text);

/// The devices of such a text, of the file `file`, as platforms "RUNTIME.DEVICE", with every runtime that `known` has a
/// column for, in the columns of `known`. Says on stderr what of a device the columns do not know. Errors: kInput if
/// the columns are not those that are made of devices, no device can be used, or one has
/// the name of a device that the model knows by other features.
[[nodiscard]] Result<Side> device_side(const std::string& file, const std::string& text, const Side& known);

}  // namespace pitot::cli
