// pitot bench: how fast this program is on this machine, short enough for a report.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <fstream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "backend/backend.hpp"
#include "benchmark/fleet.hpp"
#include "benchmark/predictions.hpp"
#include "benchmark/step.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "core/parallel.hpp"
#include "pitot/fit.hpp"
#include "pitot/version.hpp"

namespace pitot::cli {
namespace bench_command {
namespace {

struct Options {
    double seconds = 1.0;
    int threads = 0;
    bool json = false;
};

struct StepLine {
    std::string preset;
    StepTime time;
    bool by_arithmetic = true;  ///< else bytes bound it
    double work = 0.0;          ///< useful floating-point operations, or bytes, a step
};

struct Report {
    std::string machine;
    std::string instructions;
    int threads = 1;
    Peak peak;
    std::vector<StepLine> steps;
    std::int64_t models = 20;
    double one_thread = 0.0;  ///< seconds a model-step
    double all_threads = 0.0;
    double predictions = 0.0;
};

std::string machine_name() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        const auto colon = line.find(": ");
        if ((line.starts_with("model name") || line.starts_with("Model")) && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    return "unknown processor";
}

Result<StepLine> measure(const std::string& name, double seconds) {
    const FitConfig config = preset(name).value();
    const Dataset fleet = made_up_fleet(published_fleet(config.train.learns_from("together")));
    PITOT_TRY(auto trial, StepTrial::make(fleet, config));
    StepLine line;
    line.preset = name;
    // Tables and products of their rows are little arithmetic and much traffic.
    line.by_arithmetic = config.model.platform_features || config.model.module_features;
    line.work = line.by_arithmetic ? trial.flops() : trial.bytes();
    const auto block = static_cast<std::int64_t>(4 * sizeof(float)) * trial.parameters();
    line.time = time_steps(trial, seconds, [&] {
        const Peak peak = cpu_backend().measure_peak(block);
        return line.work / (line.by_arithmetic ? peak.flops : peak.bytes);
    });
    return line;
}

Result<void> measure_predictions(Report& report, double seconds) {
    FitConfig config = preset("embedding/128").value();
    config.train.checkpoints = 1;
    config.train.epoch_samples = 200;  // speed does not depend on how well it is trained
    const Dataset fleet = made_up_fleet(published_fleet(false));
    PITOT_TRY(const auto predictor, fit(fleet, config));
    PITOT_TRY(const auto rate, predictions_a_second(predictor, seconds));
    report.predictions = rate;
    return {};
}

Result<Report> measure_all(const Options& options) {
    Report report;
    report.machine = machine_name();
    report.instructions = cpu_backend().description();
    report.threads = team_size(options.threads, 1);
    constexpr std::int64_t block = 1 << 19;
    report.peak = cpu_backend().measure_peak(block);
    for (const char* name : {"embedding/128", "interference/2", "linear/128", "baseline/mlp"}) {
        PITOT_TRY(auto line, measure(name, options.seconds));
        report.steps.push_back(std::move(line));
    }
    const FitConfig config = preset("embedding/128").value();
    const Dataset fleet = made_up_fleet(published_fleet(false));
    for (const int threads : {1, report.threads}) {
        PITOT_TRY(const auto seconds, time_many_models(fleet, config, threads, report.models, options.seconds));
        (threads == 1 ? report.one_thread : report.all_threads) = seconds;
    }
    report.all_threads = report.threads == 1 ? report.one_thread : report.all_threads;
    return measure_predictions(report, options.seconds).map([&] { return std::move(report); });
}

void print(const Report& report) {
    constexpr double micro = 1e6;
    fmt::print("machine:      {}\n", printable(report.machine));
    fmt::print("instructions: {}\n", report.instructions);
    fmt::print("one thread:   {:.1f} GFLOP/s, {:.0f} GB/s at best\n\n", report.peak.flops * 1e-9,
               report.peak.bytes * 1e-9);
    Table table({{"PRESET", Align::kLeft},
                 {"STEP", Align::kRight},
                 {"QUARTILES", Align::kRight},
                 {"STEPS/S", Align::kRight},
                 {"USEFUL WORK", Align::kRight},
                 {"SHARE OF PEAK", Align::kRight}});
    for (const StepLine& line : report.steps) {
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

void print_as_json(const Report& report) {
    nlohmann::ordered_json steps = nlohmann::ordered_json::array();
    for (const StepLine& line : report.steps) {
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
        "  pitot bench\n"
        "  PITOT_INSTRUCTION_SET=AVX2 pitot bench --seconds 3 --json");
    return [options]() -> Result<void> {
        PITOT_TRY(auto report, measure_all(*options));
        options->json ? print_as_json(report) : print(report);
        return {};
    };
}

}  // namespace
}  // namespace bench_command

Verb bench_verb() { return {"bench", "Measure how fast training and prediction are here", bench_command::add}; }

}  // namespace pitot::cli
