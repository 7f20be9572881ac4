#include "models/kernel/likelihood.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

#include "backend/dense_algebra.hpp"
#include "models/kernel/device_terms.hpp"
#include "models/kernel/weighed_covariance.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

// Cells of one platform, one after another.
struct Block {
    std::int32_t platform = 0;
    std::size_t first = 0;
    std::size_t last = 0;
};

std::vector<Block> blocks_of(const Cells& cells) {
    std::vector<Block> blocks;
    for (std::size_t n = 0; n < cells.size(); ++n) {
        if (blocks.empty() || blocks.back().platform != cells.platform[n]) {
            blocks.push_back({cells.platform[n], n, n});
        }
        blocks.back().last = n + 1;
    }
    return blocks;
}

// s_q Kp_q of two platforms.
template <std::size_t kCount>
std::array<double, kCount> scaled_terms(const Tables& tables, std::int32_t a, std::int32_t b) {
    std::array<double, kCount> terms{};
    for (std::size_t q = 0; q < kCount; ++q) {
        terms[q] = tables.scale[q] * tables.platform[q].value(a, b);
    }
    return terms;
}

// A module's rows of all module tables.
template <std::size_t kCount>
struct ModuleRows {
    const double* effect;
    std::array<const double*, kCount> term;
    ModuleRows(const Tables& tables, std::int32_t module) : effect(&tables.module_effect(module, 0)), term{} {
        for (std::size_t q = 0; q < kCount; ++q) {
            term[q] = &tables.module[q].value(module, 0);
        }
    }
};

// Sums over the elements of W in one pair of blocks: of W Km_q for every term, and of W.
template <std::size_t kCount>
struct BlockSums {
    std::array<double, kCount> term{};
    double all = 0.0;
};

// Row `u` of W from `first` to `last`, added to sums.
template <std::size_t kCount>
void add_row(MatrixView<const double> weight, const Tables& tables, const Cells& cells, std::size_t u,
             std::size_t first, std::size_t last, double times, BlockSums<kCount>& sums) {
    const ModuleRows<kCount> rows(tables, cells.module[u]);
    const double* w = weight.data + static_cast<std::ptrdiff_t>(u) * weight.stride;
    BlockSums<kCount> add;
    for (std::size_t v = first; v < last; ++v) {
        const auto j = static_cast<std::size_t>(cells.module[v]);
        add.all += w[v];
        for (std::size_t q = 0; q < kCount; ++q) {
            add.term[q] += w[v] * rows.term[q][j];
        }
    }
    for (std::size_t q = 0; q < kCount; ++q) {
        sums.term[q] += times * add.term[q];
    }
    sums.all += times * add.all;
}

// Gradient of the platform tables, W on and below the diagonal.
template <std::size_t kCount>
void platform_gradient(MatrixView<const double> weight, const Tables& tables, const Cells& cells,
                       const std::vector<Block>& blocks, TableGradient& gradient, core::Team& team) {
    dense::Workers(team).each(std::ssize(blocks), [&](std::int64_t task) {
        // The longest first.
        const std::size_t b = blocks.size() - 1 - static_cast<std::size_t>(task);
        const Block& block = blocks[b];
        for (std::size_t other = 0; other <= b; ++other) {
            BlockSums<kCount> sums;
            for (std::size_t u = block.first; u < block.last; ++u) {
                if (other < b) {
                    add_row(weight, tables, cells, u, blocks[other].first, blocks[other].last, 1.0, sums);
                } else {
                    add_row(weight, tables, cells, u, block.first, u, 2.0, sums);
                    add_row(weight, tables, cells, u, u, u + 1, 1.0, sums);
                }
            }
            const std::int32_t i = block.platform;
            const std::int32_t k = blocks[other].platform;
            for (std::size_t q = 0; q < kCount; ++q) {
                gradient.platform[q](i, k) = gradient.platform[q](k, i) = sums.term[q];
            }
            gradient.platform_effect(i, k) = gradient.platform_effect(k, i) = sums.all;
        }
    });
}

// Gradient of the module tables, from W as a whole. One task a module: it owns that row of every table.
template <std::size_t kCount>
void module_gradient(MatrixView<const double> weight, const Tables& tables, const Cells& cells,
                     const std::vector<Block>& blocks, TableGradient& gradient, core::Team& team) {
    std::vector<std::vector<std::size_t>> cells_of(static_cast<std::size_t>(gradient.module_effect.rows()));
    for (std::size_t n = 0; n < cells.size(); ++n) {
        cells_of[static_cast<std::size_t>(cells.module[n])].push_back(n);
    }
    dense::Workers(team).each(std::ssize(cells_of), [&](std::int64_t m) {
        double* effect = &gradient.module_effect(m, 0);
        std::array<double*, kCount> to{};
        for (std::size_t q = 0; q < kCount; ++q) {
            to[q] = &gradient.module[q](m, 0);
        }
        for (const std::size_t u : cells_of[static_cast<std::size_t>(m)]) {
            const double* w = weight.data + static_cast<std::ptrdiff_t>(u) * weight.stride;
            for (const Block& block : blocks) {
                const std::array<double, kCount> terms =
                    scaled_terms<kCount>(tables, cells.platform[u], block.platform);
                for (std::size_t v = block.first; v < block.last; ++v) {
                    const auto j = static_cast<std::size_t>(cells.module[v]);
                    effect[j] += w[v];
                    for (std::size_t q = 0; q < kCount; ++q) {
                        to[q][j] += w[v] * terms[q];
                    }
                }
            }
        }
        // The chain rule multiplies the terms' gradients by s_q once more.
        for (std::size_t q = 0; q < kCount; ++q) {
            for (std::int64_t j = 0; j < gradient.module_effect.cols(); ++j) {
                to[q][j] /= tables.scale[q];
            }
        }
    });
}

template <std::size_t kCount>
void fill(const Tables& tables, const Cells& cells, MatrixView<double> out, core::Team& team) {
    const std::vector<Block> blocks = blocks_of(cells);
    dense::Workers(team).each(std::ssize(blocks), [&](std::int64_t task) {
        const std::size_t b = blocks.size() - 1 - static_cast<std::size_t>(task);
        for (std::size_t other = 0; other <= b; ++other) {
            const std::int32_t i = blocks[b].platform;
            const std::int32_t k = blocks[other].platform;
            const std::array<double, kCount> terms = scaled_terms<kCount>(tables, i, k);
            const double effect = tables.platform_effect(i, k);
            for (std::size_t u = blocks[b].first; u < blocks[b].last; ++u) {
                const ModuleRows<kCount> rows(tables, cells.module[u]);
                double* to = out.data + static_cast<std::ptrdiff_t>(u) * out.stride;
                const std::size_t last = other < b ? blocks[other].last : u + 1;
                for (std::size_t v = blocks[other].first; v < last; ++v) {
                    const auto j = static_cast<std::size_t>(cells.module[v]);
                    double sum = effect + rows.effect[j];
                    for (std::size_t q = 0; q < kCount; ++q) {
                        sum += terms[q] * rows.term[q][j];
                    }
                    to[v] = sum;
                }
            }
        }
    });
}

template <std::size_t kCount>
void add_gradients(MatrixView<const double> weight, const Tables& tables, const Cells& cells, TableGradient& gradient,
                   core::Team& team) {
    const std::vector<Block> blocks = blocks_of(cells);
    platform_gradient<kCount>(weight, tables, cells, blocks, gradient, team);
    module_gradient<kCount>(weight, tables, cells, blocks, gradient, team);
}

// From the gradient of the tables, all but that of the noise, and the diagonal of W.
template <typename DiagonalOf>
Likelihood join(const Layout& layout, std::span<const double> values, const Tables& tables, TableGradient& gradient,
                const GaussianTerms& terms, const DiagonalOf& diagonal, const SideDistances& platforms,
                const SideDistances& modules, const Cells& cells, double whole, core::Team& team) {
    for (std::size_t u = 0; u < cells.size(); ++u) {
        gradient.noise += diagonal(u) / cells.count[u];
    }
    const auto size = static_cast<double>(cells.size());
    Likelihood result;
    result.gradient = hyper_gradient(layout, values, tables, gradient, platforms, modules, team);
    for (double& g : result.gradient) {
        g /= size;
    }
    result.value =
        (0.5 * terms.square + terms.half_log_determinant + 0.5 * size * std::log(2.0 * std::numbers::pi)) / size;
    const double within = cells.within_squares / tables.noise;
    result.value += 0.5 * (cells.within_freedom * std::log(tables.noise) + within) / whole;
    result.gradient[layout.noise()] += 0.5 * (cells.within_freedom - within) / whole;
    return result;
}

}  // namespace

TableGradient table_gradient(MatrixView<const double> weight, const Tables& tables, const Cells& cells,
                             core::Team& team) {
    TableGradient gradient(tables.terms, tables.platform_effect.rows(), tables.module_effect.rows());
    tables.terms == kTerms ? add_gradients<kTerms>(weight, tables, cells, gradient, team)
                           : add_gradients<kMostTerms>(weight, tables, cells, gradient, team);
    return gradient;
}

void fill_covariance(const Tables& tables, const Cells& cells, MatrixView<double> out, core::Team& team) {
    tables.terms == kTerms ? fill<kTerms>(tables, cells, out, team) : fill<kMostTerms>(tables, cells, out, team);
}

std::optional<Likelihood> likelihood(const Layout& layout, std::span<const double> values,
                                     const SideDistances& platforms, const SideDistances& modules, const Cells& cells,
                                     std::span<const double> target, double whole, core::Team& team) {
    const Tables tables = make_tables(layout, values, platforms, modules, team);
    const std::int64_t n = std::ssize(cells.mean);
    Matrix<double> matrix(n, n);
    fill_covariance(tables, cells, matrix.view(), team);
    for (std::int64_t u = 0; u < n; ++u) {
        matrix(u, u) +=
            tables.noise_of(cells.platform[static_cast<std::size_t>(u)]) / cells.count[static_cast<std::size_t>(u)];
    }
    const auto terms = weigh_covariance(matrix.view(), target, team);
    if (!terms) {
        return {};
    }
    TableGradient gradient = table_gradient(matrix.view(), tables, cells, team);
    const auto diagonal = [&](std::size_t u) {
        return matrix(static_cast<std::int64_t>(u), static_cast<std::int64_t>(u));
    };
    return join(layout, values, tables, gradient, *terms, diagonal, platforms, modules, cells, whole, team);
}

Result<std::optional<Likelihood>> likelihood(const Layout& layout, std::span<const double> values,
                                             const SideDistances& platforms, const SideDistances& modules,
                                             const Cells& cells, std::span<const double> target, double whole,
                                             const Machine& machine) {
    if (machine.device() == nullptr) {
        return likelihood(layout, values, platforms, modules, cells, target, whole, machine.team());
    }
    const Tables tables = make_tables(layout, values, platforms, modules, machine);
    const DeviceRows rows(tables, cells);
    PITOT_TRY(auto weighed, machine.device()->weigh(device_covariance(tables), rows.view(), target));
    if (!weighed) {
        return std::optional<Likelihood>();
    }
    TableGradient gradient = take_table_gradient(tables, *weighed);
    return join(
        layout, values, tables, gradient, {weighed->half_log_determinant, weighed->square},
        [&](std::size_t u) { return weighed->diagonal[u]; }, platforms, modules, cells, whole, machine);
}

}  // namespace pitot::models::kernel
