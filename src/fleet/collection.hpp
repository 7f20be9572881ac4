// Internal to the room: a collection being measured: its journal, and the traces made of it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "fleet/device.hpp"
#include "fleet/measure.hpp"
#include "pitot/result.hpp"

namespace pitot::fleet {

/// One run: µs, all 0 if it failed, and then why.
struct Run {
    double wall_us = 0.0;
    double user_us = 0.0;
    double system_us = 0.0;
    std::string failure;
};

/// Modules that ran side by side on an engine.
struct Set {
    std::vector<std::string> files;
    std::vector<std::vector<double>> wall_us;  ///< of each, its runs
    std::string failure;
};

/// Holds the folder's lock for as long as it lives.
class Collection {
public:
    /// Reads the journal of an earlier call, if there is one; a last line that was cut off is dropped. Errors: as
    /// measure().
    [[nodiscard]] static Result<Collection> open(const MeasurePlan& plan);
    Collection(Collection&& other) noexcept;
    Collection& operator=(Collection&&) = delete;
    Collection(const Collection&) = delete;
    Collection& operator=(const Collection&) = delete;
    ~Collection();

    using Cell = std::pair<std::string, std::string>;  ///< engine's key, module's file
    [[nodiscard]] const std::vector<Run>& runs(const Cell& cell) { return runs_[cell]; }
    using SetKey = std::tuple<std::string, std::size_t, std::int64_t>;  ///< engine's key, modules, number
    [[nodiscard]] bool has_set(const SetKey& key) const { return sets_.contains(key); }
    [[nodiscard]] bool has_profile(const std::string& file) const { return profiles_.contains(file); }
    /// Runs and sets that an earlier call left.
    [[nodiscard]] std::int64_t reused() const { return reused_; }

    /// Each is in the journal when it returns.
    [[nodiscard]] Result<void> add(const Cell& cell, Run run);
    [[nodiscard]] Result<void> add(const SetKey& key, Set set);
    [[nodiscard]] Result<void> add_profile(const std::string& file, const std::array<std::uint64_t, 256>& counts);

    /// Writes runtimes.json and every trace, each whole or not at all.
    [[nodiscard]] Result<void> write_traces(const std::vector<Engine>& engines) const;

private:
    Collection() = default;
    [[nodiscard]] Result<void> read_journal(const MeasurePlan& plan);
    [[nodiscard]] Result<void> check_plan(const std::string& head, const std::string& own) const;
    [[nodiscard]] bool read_line(const std::string& line);
    [[nodiscard]] Result<void> append(const std::string& line) const;

    std::filesystem::path folder_;
    int lock_ = -1;
    int journal_ = -1;
    std::int64_t reused_ = 0;
    std::map<Cell, std::vector<Run>> runs_;
    std::map<SetKey, Set> sets_;
    std::map<std::string, std::array<std::uint64_t, 256>> profiles_;
};

}  // namespace pitot::fleet
