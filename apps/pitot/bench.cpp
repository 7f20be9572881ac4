// pitot bench: how fast this program is on this machine, short enough for a report.
#include "bench.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/support/report.hpp"
#include "cli/cards.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "pitot/version.hpp"

namespace pitot::cli {
namespace bench_command {
namespace {

struct Options {
    double seconds = 1.0;
    int threads = 0;
    bool json = false;
};

void print(const bench::MachineReport& report) {
    constexpr double micro = 1e6;
    fmt::print("machine:      {}\n", printable(report.machine));
    fmt::print("instructions: {}\n", report.instructions);
    for (std::size_t number = 0; number < report.cards.size(); ++number) {
        fmt::print("{:<14}{}\n", fmt::format("card {}:", number), card_text(report.cards[number]));
    }
    fmt::print("one thread:   {:.1f} GFLOP/s, {:.0f} GB/s at best\n\n", report.peak.flops * 1e-9,
               report.peak.bytes * 1e-9);
    Table table({{"PRESET", Align::kName},
                 {"STEP", Align::kRight},
                 {"QUARTILES", Align::kRight},
                 {"STEPS/S", Align::kRight},
                 {"USEFUL WORK", Align::kRight},
                 {"SHARE OF PEAK", Align::kRight}});
    for (const bench::StepReport& line : report.steps) {
        const auto show = [&](double seconds) { return format_duration({seconds * micro}); };
        table.add({line.preset, show(line.time.median), show(line.time.low) + " - " + show(line.time.high),
                   format_count(static_cast<std::int64_t>(1.0 / line.time.median)),
                   fmt::format("{:.1f} {}", line.work * 1e-6, line.by_arithmetic ? "MFLOP" : "MB"),
                   format_percent(line.time.share, 0)});
    }
    fmt::print("{}\n", table.to_string());
    fmt::print("{} models of embedding/128 on {} thread{}: {} a model-step, {:.2f} times one thread's speed\n",
               report.models, report.threads, report.threads == 1 ? "" : "s",
               format_duration({report.all_threads * micro}), report.one_thread / report.all_threads);
    fmt::print("{:.1f} million predictions with bounds a second, one thread\n", report.predictions * 1e-6);
}

void print_as_json(const bench::MachineReport& report) {
    nlohmann::ordered_json steps = nlohmann::ordered_json::array();
    for (const bench::StepReport& line : report.steps) {
        steps.push_back({{"preset", line.preset},
                         {"seconds", line.time.median},
                         {"seconds_low", line.time.low},
                         {"seconds_high", line.time.high},
                         {line.by_arithmetic ? "useful_flops" : "useful_bytes", line.work},
                         {"share_of_peak", line.time.share}});
    }
    print_json({{"machine", report.machine},
                {"version", version()},
                {"instructions", report.instructions},
                {"cards", cards_json(report.cards)},
                {"threads", report.threads},
                {"peak_flops", report.peak.flops},
                {"peak_bytes", report.peak.bytes},
                {"steps", steps},
                {"models", report.models},
                {"model_step_seconds_one_thread", report.one_thread},
                {"model_step_seconds", report.all_threads},
                {"predictions_a_second", report.predictions}});
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("--seconds", options->seconds, "Time for each measurement")
        ->check(CLI::Range(0.01, 600.0))
        ->capture_default_str();
    whole(app.add_option("--threads", options->threads,
                         "Threads for many models, at most as many as this process may use; 0 = all of them"),
          0, std::numeric_limits<int>::max())
        ->type_name("N");
    app.add_flag("--json", options->json, "Print JSON");
    app.footer(
        "Everything is made up, no dataset is needed. docs/performance.md explains the numbers.\n"
        "PITOT_INSTRUCTION_SET (AVX3, AVX2, SSE4, NEON, SCALAR) forces an instruction set, here and in every verb.\n\n"
        "Examples:\n"
        "  pitot bench --seconds 0.1\n"
        "  PITOT_INSTRUCTION_SET=SCALAR pitot bench --seconds 0.1 --json");
    return [options]() -> Result<void> {
        PITOT_TRY(auto report, bench::measure_machine(options->threads, options->seconds));
        options->json ? print_as_json(report) : print(report);
        return {};
    };
}

}  // namespace
}  // namespace bench_command

Verb bench_verb() { return {"bench", "Measure how fast training and prediction are here", bench_command::add}; }

}  // namespace pitot::cli
