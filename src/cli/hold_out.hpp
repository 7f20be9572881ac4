// pitot evaluate --hold-out: how well rows are predicted that were never measured.
#pragma once

#include <string>

#include "cli/options.hpp"
#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::cli {

/// [--hold-out platforms|modules|devices|pairs] [--cells 0,1,3,5,10] [--choose random|advised|both] [--refit]
/// [--plot FILE]
struct HoldOutFlags {
    std::string side;  ///< empty: nothing is held out
    std::string cells;
    std::string choose;
    bool refit = false;
    std::string plot;  ///< a picture of errors by numbers of cells; empty: none

    void add_to(CLI::App& app);
    [[nodiscard]] bool given() const { return !side.empty(); }
    /// kUsage for options that do not go together, without reading anything.
    [[nodiscard]] Result<void> check() const;
    /// Of combinations that train unless another is asked for: of a fleet whose pairs are held out, a tenth.
    [[nodiscard]] double default_share(double of_rows) const;
    /// Evaluates and prints, with `bounds` how they fared. `context` lacks stop token and progress.
    [[nodiscard]] Result<void> evaluate(const Dataset& dataset, const FitConfig& config, Context context, bool bounds,
                                        bool json) const;
};

}  // namespace pitot::cli
