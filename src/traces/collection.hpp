// Collections of traces: folders as collectors write them, read in parallel; what cannot be used is named and left out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "pitot/result.hpp"
#include "traces/traces.hpp"

namespace pitot::traces {

/// Everything read from one or several collections, in the order of the collections and, in each, of the paths.
struct Collection {
    std::vector<std::string> sources;
    std::vector<Device> devices;  ///< ids are unique, the first of an id counts
    std::vector<Trace> traces;
    std::vector<FlatPlatform> flat;
    std::vector<TraceProblem> problems;

    /// By id or nullptr.
    [[nodiscard]] const Device* find_device(const std::string& id) const;
    /// By name or nullptr; described ones first.
    [[nodiscard]] const Device* find_device_named(const std::string& name) const;
};

struct CollectionOptions {
    int threads = 0;  ///< 0: as many as this process may run on
    std::function<void(std::int64_t done, std::int64_t total)> progress;
};

/// Reads folders (their `runtimes.json` and, in folders below them to any depth, `*.json`; names that begin with a dot
/// are passed over) and files (flat ones and descriptions of devices). Errors: kEnvironment if a path does not exist.
/// All else, a file that cannot be read included, is a problem.
[[nodiscard]] Result<Collection> read_collections(std::span<const std::filesystem::path> paths,
                                                  const CollectionOptions& options = {});

}  // namespace pitot::traces
