// The covariances of the kernel family as a device has them.
#pragma once

#include <vector>

#include "backend/device_covariance.hpp"
#include "models/kernel/beside.hpp"
#include "models/kernel/cells.hpp"
#include "models/kernel/hyper.hpp"
#include "models/kernel/likelihood.hpp"

namespace pitot::models::kernel {

/// Views of the tables: products first, then Ka and Kb, then the terms of rows beside others.
[[nodiscard]] backend::device::Covariance device_covariance(const Tables& tables);
[[nodiscard]] backend::device::Covariance device_covariance(const BesideTables& tables);

/// Rows with the noise of their means. A view of what it was made from.
class DeviceRows {
public:
    DeviceRows(const Tables& tables, const Cells& cells);
    DeviceRows(const BesideTables& tables, const Runs& runs);
    DeviceRows(const DeviceRows&) = delete;
    DeviceRows& operator=(const DeviceRows&) = delete;
    ~DeviceRows() = default;

    [[nodiscard]] const backend::device::Rows& view() const { return view_; }

private:
    std::vector<double> diagonal_, weight_;
    backend::device::Rows view_{};
};

/// The part of rows alone in what a device weighed; without the noise's.
[[nodiscard]] TableGradient take_table_gradient(const Tables& tables, backend::device::Weighed& weighed);

}  // namespace pitot::models::kernel
