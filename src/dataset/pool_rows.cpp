#include <algorithm>
#include <utility>

#include "dataset/pools.hpp"
#include "dataset/source.hpp"

namespace pitot::dataset {
namespace {

// Values first … first + count, as they are.
template <typename T>
Column<T> take_piece(Column<T>& column, std::size_t first, std::size_t count) {
    return count == column.size() ? std::move(column) : column.piece(first, count);
}

// Room for exactly these rows, unless many small additions call for growth by doubling.
void make_room(ObservationTable& table, std::size_t rows) {
    const std::size_t size = table.runtime_us.size();
    if (table.runtime_us.edit().capacity() < size + rows) {
        const std::size_t room = std::max(size + rows, size * 2);
        table.platform.edit().reserve(room);
        table.module.edit().reserve(room);
        table.runtime_us.edit().reserve(room);
        table.co_runner.edit().reserve(room * static_cast<std::size_t>(table.width));
    }
}

}  // namespace

void PoolRows::add_alone(std::int32_t platform, std::int32_t module, double runtime_us) {
    part();
    alone_.platform.push_back(platform);
    alone_.module.push_back(module);
    alone_.runtime_us.push_back(runtime_us);
}

void PoolRows::widen(std::int32_t width) {
    part();
    if (width <= together_.width) {
        return;
    }
    const auto old_width = static_cast<std::size_t>(together_.width);
    const auto new_width = static_cast<std::size_t>(width);
    const std::size_t rows = together_.runtime_us.size();
    std::vector<std::int32_t>& co_runner = together_.co_runner.edit();
    co_runner.resize(rows * new_width);
    for (std::size_t i = rows; i-- > 0;) {  // from the end: a row moves to where no row is that has yet to move
        for (std::size_t k = new_width; k-- > 0;) {
            co_runner[i * new_width + k] = k < old_width ? co_runner[i * old_width + k] : -1;
        }
    }
    together_.width = width;
}

void PoolRows::add_together(std::int32_t platform, std::int32_t module, std::span<const std::int32_t> co_runners,
                            double runtime_us) {
    widen(std::max(1, static_cast<std::int32_t>(co_runners.size())));
    together_.platform.push_back(platform);
    together_.module.push_back(module);
    std::vector<std::int32_t>& co_runner = together_.co_runner.edit();
    co_runner.insert(co_runner.end(), co_runners.begin(), co_runners.end());
    co_runner.resize(static_cast<std::size_t>(together_.width) * together_.platform.size(), -1);
    together_.runtime_us.push_back(runtime_us);
}

void PoolRows::reserve(bool alone, std::size_t rows) {
    part();
    make_room(alone ? alone_ : together_, rows);
}

bool PoolRows::takes(std::size_t rows, std::size_t alone, std::int32_t width) const {
    return whole_.size() == 0 && (alone == 0 || alone_.size() == 0) &&
           (alone == rows || (together_.size() == 0 && together_.width <= width));
}

void PoolRows::take(ObservationTable&& rows, std::size_t alone) {
    if (empty() && together_.width <= rows.width) {
        whole_ = std::move(rows);
        whole_alone_ = alone;
        return;
    }
    widen(rows.width);
    whole_ = std::move(rows);
    whole_alone_ = alone;
    part();
}

// Puts rows that were taken as a whole where others can join them.
void PoolRows::part() {
    const auto rows = static_cast<std::size_t>(whole_.size());
    if (rows == 0) {
        return;
    }
    const std::size_t alone = whole_alone_;
    const std::size_t together = rows - alone;
    const auto width = static_cast<std::size_t>(whole_.width);
    if (together > 0) {
        together_ = {take_piece(whole_.platform, alone, together), take_piece(whole_.module, alone, together),
                     take_piece(whole_.co_runner, alone * width, together * width), whole_.width,
                     take_piece(whole_.runtime_us, alone, together)};
    }
    if (alone > 0) {
        alone_ = {take_piece(whole_.platform, 0, alone),
                  take_piece(whole_.module, 0, alone),
                  {},
                  0,
                  take_piece(whole_.runtime_us, 0, alone)};
    }
    whole_ = {};
    whole_alone_ = 0;
}

ObservationView PoolRows::alone() const {
    return whole_.size() > 0 ? rows_of(whole_.view(), 0, static_cast<std::int64_t>(whole_alone_), 0) : alone_.view();
}

bool PoolRows::empty() const { return whole_.size() == 0 && alone_.size() == 0 && together_.size() == 0; }

void PoolRows::move_to(Dataset& dataset) {
    const auto alone = static_cast<std::int64_t>(whole_alone_);
    if (alone == 0 || alone == whole_.size()) {
        part();
        dataset.set_observations(std::move(alone_), std::move(together_));
        return;
    }
    dataset.pools = {{"alone", alone}, {"together", whole_.size() - alone}};
    dataset.observations = std::move(whole_);
}

}  // namespace pitot::dataset
