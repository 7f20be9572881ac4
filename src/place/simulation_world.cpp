#include "place/simulation_world.hpp"

#include <fmt/format.h>

#include <array>
#include <system_error>

#include "core/check.hpp"
#include "core/path.hpp"
#include "formats/npz.hpp"

namespace pitot::place {
namespace {

namespace fs = std::filesystem;

fs::path network_file(const fs::path& folder) { return folder / "network.npz"; }
fs::path jobs_folder(const fs::path& folder) { return folder / "jobs"; }

}  // namespace

Result<void> write_network(const fs::path& folder, const Dataset& dataset, const Network& network,
                           MatrixView<const double> runtime_ms) {
    std::vector<std::int8_t> layer;
    std::vector<std::int32_t> cluster;
    std::vector<double> latency, capacity, runtimes;
    for (std::int64_t i = 0; i < network.devices(); ++i) {
        layer.push_back(static_cast<std::int8_t>(network.layer(i)));
        cluster.push_back(static_cast<std::int32_t>(network.cluster(i)));
        latency.push_back(network.own_latency_ms(i));
        capacity.push_back(network.capacity(i));
        const auto row = runtime_ms.row(i);
        runtimes.insert(runtimes.end(), row.begin(), row.end());
    }
    formats::NpzWriter npz;
    npz.add_strings("platform", dataset.platforms.names);
    npz.add_strings("module", dataset.modules.names);
    npz.add<std::int8_t>("layer", layer);
    npz.add<std::int32_t>("cluster", cluster);
    npz.add<double>("latency_ms", latency);
    npz.add<double>("capacity", capacity);
    npz.add<double>("runtime_ms", runtimes, std::array{runtime_ms.rows, runtime_ms.cols});
    return core::make_folder(folder).and_then([&] { return npz.write(network_file(folder)); });
}

Result<void> write_jobs(const fs::path& folder, const std::vector<std::vector<Job>>& sets) {
    PITOT_CHECK(!sets.empty());
    std::vector<std::int32_t> source, destination, module;
    std::vector<double> rate, size;
    for (const std::vector<Job>& jobs : sets) {
        PITOT_CHECK(jobs.size() == sets.front().size());
        for (const Job& job : jobs) {
            source.push_back(static_cast<std::int32_t>(job.source));
            destination.push_back(static_cast<std::int32_t>(job.destination));
            module.push_back(static_cast<std::int32_t>(job.module));
            rate.push_back(job.rate);
            size.push_back(job.size);
        }
    }
    const std::array shape{std::ssize(sets), std::ssize(sets.front())};
    formats::NpzWriter npz;
    npz.add<std::int32_t>("source", source, shape);
    npz.add<std::int32_t>("destination", destination, shape);
    npz.add<std::int32_t>("module", module, shape);
    npz.add<double>("rate", rate, shape);
    npz.add<double>("size", size, shape);
    return core::make_folder(jobs_folder(folder)).and_then([&] {
        return npz.write(jobs_folder(folder) / fmt::format("{}.npz", sets.front().size()));
    });
}

Result<void> remove_world(const fs::path& folder) {
    std::error_code error;
    fs::remove(network_file(folder), error);
    std::error_code none;  // older folders have none
    for (fs::directory_iterator entry(jobs_folder(folder), none), end; !none && entry != end; entry.increment(none)) {
        if (!error && entry->path().extension() == ".npz") {
            fs::remove(entry->path(), error);
        }
    }
    if (error) {
        return fail(ErrorCode::kEnvironment, fmt::format("cannot remove the network and the jobs in '{}': {}",
                                                         folder.string(), error.message()));
    }
    return {};
}

}  // namespace pitot::place
