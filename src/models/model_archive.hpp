// Members of a model file, checked as they are read.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "formats/npz.hpp"
#include "pitot/result.hpp"

namespace pitot::models {

/// A model file being read. Errors are kInput and name file, array and remedy.
class ModelArchive {
public:
    using Shape = std::vector<std::int64_t>;

    /// The reader must outlive it.
    explicit ModelArchive(const formats::NpzReader& npz) : npz_(npz) {}

    [[nodiscard]] const formats::NpzReader& npz() const { return npz_; }
    [[nodiscard]] bool contains(const std::string& name) const { return npz_.contains(name); }
    [[nodiscard]] Failure broken(std::string_view array, std::string_view what) const;

    /// Values of an array whose shape is known; a shape of -1 fits any extent. Floating-point values are finite.
    template <typename T>
    [[nodiscard]] Result<std::vector<T>> read(const std::string& name, const Shape& shape) const;
    [[nodiscard]] Result<std::vector<std::string>> strings(const std::string& name) const;
    /// An array of one string.
    [[nodiscard]] Result<std::string> text(const std::string& name) const;

private:
    [[nodiscard]] Result<void> check_shape(const std::string& name, const Shape& shape) const;
    const formats::NpzReader& npz_;
};

template <typename T>
Result<std::vector<T>> ModelArchive::read(const std::string& name, const Shape& shape) const {
    if (auto fits = check_shape(name, shape); !fits) {
        return Failure(fits.error());
    }
    auto values = npz_.values<T>(name);
    if constexpr (std::is_floating_point_v<T>) {
        if (values) {
            const auto bad = std::ranges::find_if(*values, [](T v) { return !std::isfinite(v); });
            if (bad != values->end()) {
                return broken(name, fmt::format("has a value that is not finite at place {}", bad - values->begin()));
            }
        }
    }
    return values;
}

}  // namespace pitot::models
