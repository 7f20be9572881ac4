#include "bench/support/report.hpp"

#include <sstream>
#include <utility>

#include "bench/support/fleet.hpp"
#include "bench/support/predictions.hpp"
#include "core/parallel.hpp"
#include "core/read_file.hpp"
#include "pitot/fit.hpp"

namespace pitot::bench {
namespace {

std::string machine_name() {
    std::istringstream info(core::read_file("/proc/cpuinfo").value_or(""));
    for (std::string line; std::getline(info, line);) {
        const auto colon = line.find(": ");
        if ((line.starts_with("model name") || line.starts_with("Model")) && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    return "unknown processor";
}

Result<StepReport> measure_step(const std::string& name, double seconds) {
    const FitConfig config = preset(name).value();
    const Dataset fleet = made_up_fleet(published_fleet(config.train.learns_from("together")));
    PITOT_TRY(auto trial, StepTrial::make(fleet, config));
    StepReport line;
    line.preset = name;
    // Tables and products of their rows are little arithmetic and much traffic.
    line.by_arithmetic = config.model.platform_features || config.model.module_features;
    line.work = line.by_arithmetic ? trial.flops() : trial.bytes();
    const auto block = static_cast<std::int64_t>(4 * sizeof(float)) * trial.parameters();
    line.time = time_steps(trial, seconds, [&] {
        const backend::Peak peak = backend::cpu_backend().measure_peak(block);
        return line.work / (line.by_arithmetic ? peak.flops : peak.bytes);
    });
    return line;
}

Result<void> measure_predictions(MachineReport& report, double seconds) {
    FitConfig config = preset("embedding/128").value();
    config.train.checkpoints = 1;
    config.train.epoch_samples = 200;  // speed does not depend on how well it is trained
    const Dataset fleet = made_up_fleet(published_fleet(false));
    PITOT_TRY(const auto predictor, fit(fleet, config));
    PITOT_TRY(const auto rate, predictions_a_second(predictor, seconds));
    report.predictions = rate;
    return {};
}

}  // namespace

Result<MachineReport> measure_machine(int threads, double seconds) {
    MachineReport report;
    report.machine = machine_name();
    report.instructions = backend::cpu_backend().description();
    report.cards = backend::cuda_devices().value_or(std::vector<backend::DeviceInfo>());
    report.threads = core::team_size(threads, 1);
    constexpr std::int64_t block = 1 << 19;
    report.peak = backend::cpu_backend().measure_peak(block);
    for (const char* name : {"embedding/128", "interference/2", "linear/128", "baseline/mlp"}) {
        PITOT_TRY(auto line, measure_step(name, seconds));
        report.steps.push_back(std::move(line));
    }
    const FitConfig config = preset("embedding/128").value();
    const Dataset fleet = made_up_fleet(published_fleet(false));
    for (const int team : {1, report.threads}) {
        PITOT_TRY(const auto step, time_many_models(fleet, config, team, report.models, seconds));
        (team == 1 ? report.one_thread : report.all_threads) = step;
    }
    report.all_threads = report.threads == 1 ? report.one_thread : report.all_threads;
    return measure_predictions(report, seconds).map([&] { return std::move(report); });
}

}  // namespace pitot::bench
