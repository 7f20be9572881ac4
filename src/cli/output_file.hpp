// Files that verbs write, held against what they read and what is there, before any work.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "pitot/result.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}  // namespace CLI

namespace pitot::cli {

using Paths = std::vector<std::filesystem::path>;

/// What is written. A file of the same kind that Pitot wrote is replaced; another one only with --force. Texts carry no
/// mark of who wrote them: a .csv dataset, and the tables beside it, always take --force.
enum class OutputKind : std::uint8_t {
    kModel,
    kDataset,       ///< .npz or .csv
    kFeatureTable,  ///< .npz of 'pitot opcodes' or 'pitot platforms'
    kModule,        ///< WebAssembly; replaced with --force only
    kPage,          ///< .html or .svg; the same
};

/// A usage error if writing `file` would replace one of `inputs`, under whatever name: links are followed, the tables
/// beside a .csv dataset count as inputs, and so do the .json files of a folder.
[[nodiscard]] Result<void> check_apart(const std::filesystem::path& file, const Paths& inputs);

/// [--force]
struct OutputFlags {
    bool force = false;

    void add_to(CLI::App& app);
    /// check_apart(), and a usage error if something is in the way. FIFOs and devices are never in the way.
    [[nodiscard]] Result<void> check(const std::filesystem::path& file, OutputKind kind, const Paths& inputs) const;
};

}  // namespace pitot::cli
