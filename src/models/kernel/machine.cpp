#include "models/kernel/machine.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "backend/backend.hpp"
#include "backend/devices.hpp"
#include "core/parallel.hpp"

namespace pitot::models::kernel {

Result<Machines> Machines::make(const Context& context, std::int64_t most) {
    Machines out;
    PITOT_TRY(const auto backend, backend::find_backend(context));
    if (backend->name() == "cuda") {
        std::vector<int> numbers = context.devices;
        if (numbers.empty()) {
            PITOT_TRY(const auto cards, backend::cuda_devices());
            numbers.resize(cards.size());
            std::iota(numbers.begin(), numbers.end(), 0);
        }
        numbers.resize(std::min(numbers.size(), static_cast<std::size_t>(std::max<std::int64_t>(most, 1))));
        for (const int number : numbers) {
            PITOT_TRY(auto device, backend::device::open_device(std::span(&number, 1)));
            out.devices_.push_back(std::move(device));
        }
    }
    const std::size_t count = std::max<std::size_t>(out.devices_.size(), 1);
    for (std::size_t n = 0; n < count; ++n) {
        const auto& team = out.teams_.emplace_back(
            std::make_unique<core::Team>(core::team_size(context.threads, static_cast<std::int64_t>(count))));
        out.machines_.emplace_back(*team, out.devices_.empty() ? nullptr : out.devices_[n].get());
    }
    return out;
}

}  // namespace pitot::models::kernel
