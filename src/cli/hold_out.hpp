// pitot evaluate --hold-out: how well rows are predicted that were never measured.
#pragma once

#include <string>

#include "cli/options.hpp"
#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::cli {

/// [--hold-out platforms|modules|devices] [--cells 0,1,3,5,10]
struct HoldOutFlags {
    std::string side;  ///< empty: nothing is held out
    std::string cells;

    void add_to(CLI::App& app);
    [[nodiscard]] bool given() const { return !side.empty(); }
    /// kUsage for options that do not go together, without reading anything.
    [[nodiscard]] Result<void> check() const;
    /// Evaluates and prints, with `bounds` how they fared. `context` lacks stop token and progress.
    [[nodiscard]] Result<void> evaluate(const Dataset& dataset, const FitConfig& config, Context context, bool bounds,
                                        bool json) const;
};

}  // namespace pitot::cli
