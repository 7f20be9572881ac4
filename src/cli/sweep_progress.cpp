#include "cli/sweep_progress.hpp"

#include <fmt/format.h>

#include "cli/cli.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "experiment/record.hpp"

namespace pitot::cli {
namespace {

void tell_conflict(const experiment::Sweep& sweep, const experiment::SweepConflict& conflict, bool whole) {
    const experiment::SweepRun& run = sweep.runs[conflict.run];
    const experiment::ResultRecord here = sweep.record_of(run);
    std::string values_there, values_here;
    for (const experiment::Difference& d : conflict.different) {
        if (d.field != "dataset") {
            values_there += fmt::format("{} = {}; ", d.field, d.there);
            values_here += fmt::format("{} = {}; ", d.field, d.here);
        }
    }
    if (verbosity() == Verbosity::kQuiet) {
        return;
    }
    note(fmt::format("'{}' is in the way:", sweep.file_of(run, ".npz").string()));
    const auto line = [](const char* where, const std::string& text) {
        fmt::print(stderr, "    {:<10} {}\n", where, printable(text));
    };
    line("there:", values_there + experiment::dataset_text(conflict.there));
    line("here:", values_here + experiment::dataset_text(here));
    if (whole) {
        line("all there:", experiment::configuration_json(conflict.there));
        line("all here:", experiment::configuration_json(here));
    }
}

}  // namespace

Result<void> tell_conflicts(const experiment::Sweep& sweep, bool verbose) {
    for (const experiment::SweepRun& run : sweep.runs) {
        if (run.state == experiment::RunState::kDamaged) {
            note(fmt::format("'{}' is damaged and is made again", sweep.file_of(run, ".npz").string()));
        }
    }
    for (const experiment::SweepConflict& conflict : sweep.conflicts) {
        tell_conflict(sweep, conflict, verbose || &conflict == &sweep.conflicts.front());
    }
    return sweep.check_conflicts();
}

SweepBar::SweepBar(std::int64_t runs) : runs_(runs), progress_("experiments") {}

std::function<void(const experiment::SweepProgress&)> SweepBar::callback() {
    return [this](const experiment::SweepProgress& at) {
        if (!progress_.enabled()) {
            return;
        }
        const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
        std::optional<double> left;
        if (at.share > 0.001) {
            left = elapsed * (1.0 - at.share) / at.share;
        }
        progress_.show(fmt::format("{} {} ({} of {})", at.run->method, experiment::share_name(at.run->config.share),
                                   at.number, runs_),
                       at.share, left);
    };
}

}  // namespace pitot::cli
