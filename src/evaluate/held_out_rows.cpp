#include "evaluate/held_out_rows.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>

#include <fmt/core.h>

#include "core/check.hpp"
#include "core/key.hpp"
#include "dataset/devices.hpp"
#include "predict/parts.hpp"

namespace pitot::evaluation {
namespace {

std::span<const std::int32_t> numbers_of(const ObservationView& rows, HoldOut side) {
    return side == HoldOut::kModules ? rows.module : rows.platform;
}

// The rows of a side by what is held out together, without those that have no run alone.
Result<std::vector<std::vector<std::int32_t>>> groups_of(const Dataset& dataset, HoldOut side) {
    const Side& rows = side == HoldOut::kModules ? dataset.modules : dataset.platforms;
    std::vector<std::int32_t> group(static_cast<std::size_t>(rows.size()));
    std::iota(group.begin(), group.end(), 0);
    if (side == HoldOut::kDevices) {
        PITOT_TRY(dataset::Devices devices, dataset::devices_of(rows));
        group = std::move(devices.of);
    }
    std::vector<bool> measured(group.size(), false);
    for (const std::int32_t i : numbers_of(dataset.pool(kAlone), side)) {
        measured[static_cast<std::size_t>(i)] = true;
    }
    std::map<std::int32_t, std::vector<std::int32_t>> members;
    for (std::size_t i = 0; i < group.size(); ++i) {
        if (measured[i]) {
            members[group[i]].push_back(static_cast<std::int32_t>(i));
        }
    }
    std::vector<std::vector<std::int32_t>> groups;
    groups.reserve(members.size());
    for (auto& [number, some] : members) {
        groups.push_back(std::move(some));
    }
    return groups;
}

// How many of so many combinations do not train.
std::int64_t untrained(std::int64_t combinations, double share) {
    constexpr double slack = 1e-9;  // a tenth of ten is one
    return static_cast<std::int64_t>(static_cast<double>(combinations) * (1.0 - share) + slack);
}

core::Key key_of(std::uint64_t seed, HoldOut side, std::int64_t replicate) {
    return core::Key(seed).fold("hold out").fold(to_string(side)).fold(static_cast<std::uint64_t>(replicate));
}

}  // namespace

Result<HeldOutRows> HeldOutRows::make(const Dataset& dataset, HoldOut side, double held_out, double trained) {
    HeldOutRows rows(dataset, side);
    rows.note_combinations();
    if (side == HoldOut::kPairs) {
        rows.count_ = std::ranges::count(rows.combinations_, kAlone, &Combination::pool);
    } else {
        PITOT_TRY(rows.groups_, groups_of(dataset, side));
        rows.count_ = std::ssize(rows.groups_);
    }
    const std::int64_t count = rows.count();
    if (count < 2) {
        return fail(ErrorCode::kInput,
                    fmt::format("holding out {0} takes two or more of them with runs alone, and the dataset has {1}: "
                                "add observations of other {0}",
                                to_string(side), count));
    }
    rows.held_out_ = side == HoldOut::kPairs
                         ? untrained(count, trained)
                         : std::clamp<std::int64_t>(std::llround(held_out * static_cast<double>(count)), 1, count - 1);
    if (rows.held_out_ == 0) {
        return fail(ErrorCode::kInput, fmt::format("share {:g} of {} pairs leaves none to hold out: lower it or add "
                                                   "observations",
                                                   trained, count));
    }
    return rows;
}

void HeldOutRows::note_combinations() {
    std::int64_t first = 0;  // of the pool, among all observations
    for (std::size_t p = 0; p < dataset_->pools.size(); ++p) {
        const ObservationView table = dataset_->pool(p);
        const dataset::RowGroups groups =
            dataset::group_rows(table, dataset_->platforms.size(), dataset_->modules.size());
        const auto count = groups.repeated() ? std::ssize(groups.offsets) - 1 : table.size();
        for (std::int64_t c = 0; c < count; ++c) {
            Combination& combination = combinations_.emplace_back(Combination{p});
            if (!groups.repeated()) {
                combination.rows.push_back(first + c);
                continue;
            }
            const auto begin = static_cast<std::size_t>(groups.offsets[static_cast<std::size_t>(c)]);
            const auto end = static_cast<std::size_t>(groups.offsets[static_cast<std::size_t>(c) + 1]);
            for (const std::int64_t row : groups.rows.view().piece(begin, end - begin)) {
                combination.rows.push_back(first + row);
            }
        }
        first += table.size();
    }
}

bool HeldOutRows::is_held(std::int64_t row, const std::vector<bool>& held) const {
    const ObservationView table = dataset_->observations.view();
    return held[static_cast<std::size_t>(numbers_of(table, side_)[static_cast<std::size_t>(row)])];
}

bool HeldOutRows::beside_held(std::int64_t row, const std::vector<bool>& held) const {
    const ObservationView table = dataset_->observations.view();
    const auto width = static_cast<std::size_t>(table.width);
    return side_ == HoldOut::kModules &&
           std::ranges::any_of(table.co_runner.subspan(static_cast<std::size_t>(row) * width, width),
                               [&](std::int32_t k) { return k >= 0 && held[static_cast<std::size_t>(k)]; });
}

HeldOutDraw HeldOutRows::draw_pairs(std::uint64_t seed, std::int64_t replicate, double share) const {
    const core::Key key = key_of(seed, side_, replicate);
    std::vector<std::vector<std::size_t>> pools(dataset_->pools.size());
    for (std::size_t c = 0; c < combinations_.size(); ++c) {
        pools[combinations_[c].pool].push_back(c);
    }
    HeldOutDraw draw;
    draw.rows.push_back({-1, {}});
    for (std::size_t p = 0; p < pools.size(); ++p) {
        core::shuffle(key.fold("training").fold(dataset_->pools[p].name), std::span(pools[p]));
        const auto held = static_cast<std::size_t>(untrained(std::ssize(pools[p]), share));
        for (std::size_t n = 0; n < pools[p].size(); ++n) {
            const Combination& combination = combinations_[pools[p][n]];
            if (n >= held) {
                draw.training.insert(draw.training.end(), combination.rows.begin(), combination.rows.end());
                continue;
            }
            if (p == kAlone) {
                draw.rows.front().cells.push_back(draw.held.size());
            }
            draw.held.push_back(combination);
        }
    }
    std::ranges::sort(draw.training);
    return draw;
}

HeldOutDraw HeldOutRows::draw(std::uint64_t seed, std::int64_t replicate, double share) const {
    if (side_ == HoldOut::kPairs) {
        return draw_pairs(seed, replicate, share);
    }
    const core::Key key = key_of(seed, side_, replicate);
    std::vector<std::size_t> order(groups_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    core::shuffle(key.fold("rows"), std::span(order));
    const Side& side = side_ == HoldOut::kModules ? dataset_->modules : dataset_->platforms;
    std::vector<bool> held(static_cast<std::size_t>(side.size()), false);
    for (std::int64_t n = 0; n < held_out_; ++n) {
        for (const std::int32_t i : groups_[order[static_cast<std::size_t>(n)]]) {
            held[static_cast<std::size_t>(i)] = true;
        }
    }
    HeldOutDraw draw;
    std::vector<std::vector<std::size_t>> others(dataset_->pools.size());
    std::map<std::int32_t, HeldOutRow> rows;
    for (std::size_t c = 0; c < combinations_.size(); ++c) {
        const Combination& combination = combinations_[c];
        const std::int64_t row = combination.rows.front();
        if (!is_held(row, held)) {
            if (!beside_held(row, held)) {
                others[combination.pool].push_back(c);
            }
            continue;
        }
        const std::int32_t i = numbers_of(dataset_->observations.view(), side_)[static_cast<std::size_t>(row)];
        if (combination.pool == kAlone) {
            rows.try_emplace(i, HeldOutRow{i}).first->second.cells.push_back(draw.held.size());
        }
        draw.held.push_back(combination);
    }
    for (std::size_t p = 0; p < others.size(); ++p) {
        core::shuffle(key.fold("training").fold(dataset_->pools[p].name), std::span(others[p]));
        const auto count = std::ssize(others[p]);
        const std::int64_t unused = untrained(count, share);
        for (std::int64_t n = unused; n < count; ++n) {
            const std::vector<std::int64_t>& runs = combinations_[others[p][static_cast<std::size_t>(n)]].rows;
            draw.training.insert(draw.training.end(), runs.begin(), runs.end());
        }
    }
    std::ranges::sort(draw.training);
    for (auto& [number, row] : rows) {
        core::shuffle(key.fold("cells").fold(static_cast<std::uint64_t>(number)), std::span(row.cells));
        draw.rows.push_back(std::move(row));
    }
    return draw;
}

Dataset subset(const Dataset& dataset, std::span<const std::int64_t> rows) {
    const ObservationView table = dataset.observations.view();
    const auto width = static_cast<std::size_t>(table.width);
    std::vector<std::int32_t> platform, module, co_runner;
    std::vector<double> runtime_us;
    for (const std::int64_t n : rows) {
        const auto row = static_cast<std::size_t>(n);
        platform.push_back(table.platform[row]);
        module.push_back(table.module[row]);
        runtime_us.push_back(table.runtime_us[row]);
        const auto beside = table.co_runner.subspan(row * width, width);
        co_runner.insert(co_runner.end(), beside.begin(), beside.end());
    }
    Dataset some;
    some.platforms = predict::clone_side(dataset.platforms);
    some.modules = predict::clone_side(dataset.modules);
    some.observations = {std::move(platform), std::move(module), std::move(co_runner), table.width,
                         std::move(runtime_us)};
    some.pools.clear();
    std::int64_t end = 0;
    auto from = rows.begin();
    for (const Pool& pool : dataset.pools) {
        end += pool.rows;
        const auto to = std::ranges::lower_bound(from, rows.end(), end);
        some.pools.push_back({pool.name, to - from});
        from = to;
    }
    return some;
}

}  // namespace pitot::evaluation
