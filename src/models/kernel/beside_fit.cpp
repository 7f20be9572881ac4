#include "models/kernel/beside_fit.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace pitot::models::kernel {
namespace {

// Draws the rows of each step.
class RunSubsets {
public:
    RunSubsets(const SideDistances& platforms, const Runs& runs, std::int64_t most, core::Key key)
        : nearness_(nearness(platforms)), runs_(runs), most_(static_cast<std::size_t>(most)), key_(key) {
        for (std::size_t n = 0; n < runs.size(); ++n) {
            (runs.kind(n) == 0 ? alone_ : beside_).push_back(static_cast<std::int64_t>(n));
        }
    }

    [[nodiscard]] std::vector<std::int64_t> at(std::int64_t step) const {
        if (runs_.size() <= most_) {
            std::vector<std::int64_t> all(runs_.size());
            std::iota(all.begin(), all.end(), 0);
            return all;
        }
        const core::Key key = key_.fold(static_cast<std::uint64_t>(step));
        return step % 2 == 0 ? random(key) : platforms(key);
    }

private:
    static void draw(core::Key key, std::vector<std::int64_t> from, std::size_t count, std::vector<std::int64_t>& to) {
        count = std::min(count, from.size());
        for (std::size_t n = 0; n < count; ++n) {
            std::swap(from[n], from[n + key.below(n, from.size() - n)]);
        }
        to.insert(to.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
    }

    // Half alone, half beside; more of one where there are few of the other.
    [[nodiscard]] std::vector<std::int64_t> random(core::Key key) const {
        const std::size_t half = most_ / 2;
        const std::size_t alone = std::min(alone_.size(), std::max(half, most_ - std::min(most_, beside_.size())));
        std::vector<std::int64_t> chosen;
        draw(key.fold("alone"), alone_, alone, chosen);
        draw(key.fold("beside"), beside_, most_ - alone, chosen);
        std::ranges::sort(chosen);
        return chosen;
    }

    // Rows of a random platform and of those nearest it.
    [[nodiscard]] std::vector<std::int64_t> platforms(core::Key key) const {
        const auto count = static_cast<std::size_t>(nearness_.rows());
        const auto from = nearness_.view().row(static_cast<std::int64_t>(key.below(0, count)));
        std::vector<std::size_t> order(count);
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(order, {}, [&](std::size_t i) { return from[i]; });
        std::vector<std::vector<std::int64_t>> rows(count);
        for (std::size_t n = 0; n < runs_.size(); ++n) {
            rows[static_cast<std::size_t>(runs_.cells.platform[n])].push_back(static_cast<std::int64_t>(n));
        }
        std::vector<std::int64_t> chosen;
        for (const std::size_t p : order) {
            // Of the last, a random part.
            draw(key.fold(p), rows[p], most_ - chosen.size(), chosen);
            if (chosen.size() == most_) {
                break;
            }
        }
        std::ranges::sort(chosen);
        return chosen;
    }

    Matrix<double> nearness_;
    const Runs& runs_;
    std::size_t most_;
    core::Key key_;
    std::vector<std::int64_t> alone_, beside_;
};

// Which numbers of co-runners some run has. The smallest has ρ = 1, whatever it is: only its product with the scales
// tells. A number that no run has takes ρ and noise from the one before it, or the smallest.
class SeenKinds {
public:
    explicit SeenKinds(const Runs& runs) {
        for (std::size_t n = 0; n < runs.size(); ++n) {
            seen_[runs.kind(n)] = true;
        }
        while (least_ < kKinds && !seen_[least_]) {
            ++least_;
        }
    }

    void hold(const BesideLayout& layout, std::vector<double>& gradient) const {
        for (std::size_t kind = 2; kind < kKinds; ++kind) {
            if (!seen_[kind] || kind == least_) {
                gradient[layout.number(kind)] = 0.0;
            }
        }
    }

    void fill(const BesideLayout& layout, std::vector<double>& values) const {
        for (std::size_t kind = 1; kind < kKinds && least_ < kKinds; ++kind) {
            if (seen_[kind]) {
                continue;
            }
            const std::size_t from = kind > least_ ? kind - 1 : least_;
            values[layout.noise(kind)] = values[layout.noise(from)];
            if (kind > 1) {
                values[layout.number(kind)] = from > 1 ? values[layout.number(from)] : 0.0;
            }
        }
    }

private:
    std::array<bool, kKinds> seen_{};
    std::size_t least_ = 1;
};

}  // namespace

Result<std::vector<double>> learn_hyper(const BesideLayout& layout, const SideDistances& platforms,
                                        const SideDistances& modules, const Runs& runs,
                                        const std::vector<double>& target, const LearnOptions& options, core::Key key,
                                        const Machine& machine, const std::function<bool()>& step_done) {
    const std::vector<double> start = layout.start(key.fold("start"));
    std::vector<std::size_t> noise{layout.alone().noise()};
    for (std::size_t kind = 1; kind < kKinds; ++kind) {
        noise.push_back(layout.noise(kind));
    }
    const SeenKinds seen(runs);
    const RunSubsets subsets(platforms, runs, options.subset, key.fold("subsets"));
    Runs some;
    std::vector<double> y;
    const auto at = [&](std::int64_t step) {
        const std::vector<std::int64_t> numbers = subsets.at(step);
        some = subset_of(runs, numbers);
        y.clear();
        for (const std::int64_t n : numbers) {
            y.push_back(target[static_cast<std::size_t>(n)]);
        }
        return LearnStep{std::ssize(numbers), [&](std::span<const double> values) {
                             auto point = likelihood(layout, values, platforms, modules, some, y,
                                                     static_cast<double>(runs.size()), machine);
                             if (point && *point) {
                                 seen.hold(layout, (*point)->gradient);
                             }
                             return point;
                         }};
    };
    PITOT_TRY(auto values, descend(start, start, noise, options, at, step_done));
    seen.fill(layout, values);
    return values;
}

}  // namespace pitot::models::kernel
