// What the verbs that read collections of traces share: options, reading, and how problems are told.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cli/output_file.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"
#include "traces/trace_dataset.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}  // namespace CLI

namespace pitot::cli {

/// COLLECTION… and how traces become observations. add_…() what a verb has; then collection() and options().
struct TraceFlags {
    std::vector<std::string> paths;
    std::string release = "2025";
    std::string target;  ///< empty = that of the release
    bool skip_first = false;
    bool keep_first = false;
    std::string runs = "mean";
    std::string kind = "cold";
    std::string separator = ".";
    std::vector<std::string> renames;
    std::vector<std::string> exclude;
    bool join_devices = false;
    bool strict = false;
    bool json = false;
    int threads = 0;

    void add_reading(CLI::App& app);    ///< --release, --rename, --strict, --json, --threads
    void add_runs(CLI::App& app);       ///< --runs
    void add_target(CLI::App& app);     ///< --target, --kind, --skip-first, --keep-first
    void add_platforms(CLI::App& app);  ///< --separator, --exclude, --join-devices
    void add_devices(CLI::App& app);    ///< --join-devices

    /// `paths`, and what else is read.
    [[nodiscard]] Paths inputs(const Paths& others = {}) const;
    [[nodiscard]] traces::Release release_of() const {
        return release == "2023" ? traces::Release::k2023 : traces::Release::k2025;
    }
    [[nodiscard]] Result<traces::TraceOptions> options() const;
    [[nodiscard]] Result<traces::Collection> collection() const;
    /// The same, refused if devices that are not the same have the same name, unless --join-devices is given.
    [[nodiscard]] Result<traces::Collection> collection_for(traces::DeviceUse use) const;
    /// Writes problems to stderr, the first ones in full; with --strict the first is an error.
    [[nodiscard]] Result<void> report(const std::vector<traces::TraceProblem>& problems) const;
};

/// [--layout index|dense]; without it 2023 is dense and 2025 the index layout.
struct LayoutFlag {
    std::string layout;

    void add_to(CLI::App& app);
    [[nodiscard]] Layout of(traces::Release release) const;
};

/// "OUT.npz" for a base name without that extension.
[[nodiscard]] std::filesystem::path with_npz(const std::string& out);

/// What a verb made: counts on stdout or, with --json, an object with every problem and failed cell.
void print_result(const TraceFlags& flags, const std::filesystem::path& out, const traces::TraceDataset& made);

/// The problems as --json prints them.
[[nodiscard]] nlohmann::ordered_json problems_json(const std::vector<traces::TraceProblem>& problems);

}  // namespace pitot::cli
