#include "backend/cuda_dense/solver.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

namespace pitot::backend::device {
namespace {

int narrow(std::int64_t n) { return static_cast<int>(n); }

// Rows that add up at the same place, by place.
struct Sums {
    std::vector<int> first{0}, row{};
    std::vector<std::int64_t> place{};
};

Sums sums_of(std::vector<std::pair<std::int64_t, int>> entries) {
    std::ranges::sort(entries);
    Sums sums;
    for (const auto& [place, row] : entries) {
        if (sums.place.empty() || sums.place.back() != place) {
            sums.place.push_back(place);
            sums.first.push_back(sums.first.back());
        }
        ++sums.first.back();
        sums.row.push_back(row);
    }
    return sums;
}

// A table times its scale, 1 where a term has none.
void append_table(MatrixView<const double> table, double scale, std::int64_t rows, std::vector<double>& to) {
    for (std::int64_t n = 0; n < rows * rows; ++n) {
        to.push_back(scale * (table.rows > 0 ? table.data[n] : 1.0));
    }
}

// Members of a row's set.
std::int64_t members_of(const Rows& rows, std::int64_t u) {
    const auto set =
        rows.co_runner.subspan(static_cast<std::size_t>(u * rows.width), static_cast<std::size_t>(rows.width));
    return std::ranges::count_if(set, [](std::int32_t k) { return k >= 0; });
}

double square_root_of_sum(std::span<const double> values) {
    return std::sqrt(std::inner_product(values.begin(), values.end(), values.begin(), 0.0));
}

}  // namespace

void Products::prepare(Runtime& runtime, const Covariance& covariance, const Rows& rows) {
    platforms_ = narrow(covariance.platforms);
    modules_ = narrow(covariance.modules);
    rows_ = narrow(rows.size());
    grids_ = commons_ = 0;
    bool cubes = false;
    std::vector<double> platform_stack, module_stack;
    for (const Term& term : covariance.terms) {
        if (!term.beside) {
            append_table(term.platform, term.scale, covariance.platforms, platform_stack);
            append_table(term.module, 1.0, covariance.modules, module_stack);
            ++grids_;
        } else if (rows.width > 0) {
            cubes = cubes || term.co_runner.rows > 0;
            commons_ += term.co_runner.rows > 0 ? 0 : 1;
        }
    }
    std::vector<std::pair<std::int64_t, int>> cells, triples;
    std::vector<double> common_weight;
    std::vector<int> beside;
    for (std::int64_t u = 0; u < rows.size(); ++u) {
        const auto at = static_cast<std::size_t>(u);
        const std::int64_t i = rows.platform[at];
        const std::int64_t j = rows.module[at];
        cells.emplace_back(i * covariance.modules + j, narrow(u));
        if (rows.width == 0) {
            continue;
        }
        const std::int64_t members = members_of(rows, u);
        common_weight.push_back(static_cast<double>(members) * rows.weight[at]);
        if (members > 0) {
            beside.push_back(narrow(u));
        }
        for (std::int64_t m = 0; m < members; ++m) {
            const std::int64_t k = rows.co_runner[static_cast<std::size_t>(u * rows.width + m)];
            triples.emplace_back((i * covariance.modules + k) * covariance.modules + j, narrow(u));
        }
    }
    beside_rows_ = cubes ? narrow(std::ssize(beside)) : 0;
    const Sums by_cell = sums_of(std::move(cells));
    const Sums by_triple = sums_of(std::move(triples));

    upload_.begin();
    const Resident resident(covariance, rows, upload_);
    const auto platform_at = upload_.add(std::span<const double>(platform_stack));
    const auto module_at = upload_.add(std::span<const double>(module_stack));
    const auto common_at = upload_.add(std::span<const double>(common_weight));
    const auto beside_at = upload_.add(std::span<const int>(beside));
    const auto add = [&](const Sums& sums) {
        return std::tuple(upload_.add(std::span(sums.first)), upload_.add(std::span(sums.row)),
                          upload_.add(std::span(sums.place)));
    };
    const auto cell_at = add(by_cell);
    const auto triple_at = add(by_triple);
    upload_.send(runtime.stream());
    tables_ = resident.tables(upload_);
    table_ = resident.rows(upload_);
    platform_stack_ = upload_.at<double>(platform_at);
    module_stack_ = upload_.at<double>(module_at);
    common_weight_ = upload_.at<double>(common_at);
    beside_ = upload_.at<int>(beside_at);
    const auto lists = [&](const auto& place, const Sums& sums) {
        return Lists{upload_.at<int>(std::get<0>(place)), upload_.at<int>(std::get<1>(place)), nullptr,
                     narrow(std::ssize(sums.place))};
    };
    cells_ = lists(cell_at, by_cell);
    triples_ = lists(triple_at, by_triple);
    cell_place_ = upload_.at<std::int64_t>(std::get<2>(cell_at));
    triple_place_ = upload_.at<std::int64_t>(std::get<2>(triple_at));

    const std::int64_t cell_count = covariance.platforms * covariance.modules;
    const std::int64_t halves = std::max(grids_, 1);
    grid_ = grid_buffer_.of<double>(cell_count * (2 + 2 * halves + std::max(commons_, 1)));
    common_grid_ = grid_ + cell_count;
    half_ = common_grid_ + cell_count;
    product_ = half_ + halves * cell_count;
    common_ = product_ + halves * cell_count;
    const auto clear = [&](double* data, std::int64_t count) {
        check(cudaMemsetAsync(data, 0, static_cast<std::size_t>(count) * sizeof(double), runtime.stream()), "starting");
    };
    // Cells without rows stay 0.
    clear(grid_, 2 * cell_count);
    if (beside_rows_ > 0) {
        const std::int64_t cube = cell_count * covariance.modules;
        cube_ = cube_buffer_.of<double>(3 * cube);
        spread_ = cube_ + cube;
        half_cube_ = spread_ + cube;
        clear(cube_, cube);
    }
    // What was sent lies in memory of this function until then.
    runtime.wait();
}

void Products::times_tables(Runtime& runtime, const double* grid, const double* platform, const double* module,
                            double scale, int terms, double* half, double* out) const {
    // Column by column a grid is its transpose, modules × platforms: (G P) and then M (G P).
    const double none = 0.0;
    const double one = 1.0;
    const std::int64_t cells = static_cast<std::int64_t>(platforms_) * modules_;
    const std::int64_t platform_stride = static_cast<std::int64_t>(platforms_) * platforms_;
    const std::int64_t module_stride = static_cast<std::int64_t>(modules_) * modules_;
    check(cublasDgemmStridedBatched(runtime.blas(), CUBLAS_OP_N, CUBLAS_OP_N, modules_, platforms_, platforms_, &scale,
                                    grid, modules_, 0, platform, platforms_, platform_stride, &none, half, modules_,
                                    cells, terms),
          "multiplying by a covariance");
    check(cublasDgemmStridedBatched(runtime.blas(), CUBLAS_OP_N, CUBLAS_OP_N, modules_, platforms_, modules_, &one,
                                    module, modules_, module_stride, half, modules_, cells, &none, out, modules_, cells,
                                    terms),
          "multiplying by a covariance");
}

void Products::times(Runtime& runtime, const double* v, double* out) {
    const auto stream = runtime.stream();
    const std::int64_t cells = static_cast<std::int64_t>(platforms_) * modules_;
    if (grids_ > 0) {
        sum_lists(cells_, cell_place_, nullptr, v, grid_, stream);
        times_tables(runtime, grid_, platform_stack_, module_stack_, 1.0, grids_, half_, product_);
    }
    if (commons_ > 0) {
        sum_lists(cells_, cell_place_, common_weight_, v, common_grid_, stream);
        int term = 0;
        for (int t = 0; t < tables_.beside_terms; ++t) {
            const TermTables::One& one = tables_.beside[t];
            if (one.co_runner == nullptr) {
                times_tables(runtime, common_grid_, one.platform, one.module, one.scale, 1, half_,
                             common_ + cells * term++);
            }
        }
    }
    read_grids(table_, v, product_, grids_, common_, commons_, common_weight_, platforms_, modules_, rows_, out,
               stream);
    if (beside_rows_ > 0) {
        add_beside_rows(runtime, v, out);
    }
    check_started("multiplying by a covariance");
}

void Products::add_beside_rows(Runtime& runtime, const double* v, double* out) {
    const auto stream = runtime.stream();
    const double one = 1.0;
    const double none = 0.0;
    const int square = modules_ * modules_;
    sum_lists(triples_, triple_place_, table_.weight, v, cube_, stream);
    for (int t = 0; t < tables_.beside_terms; ++t) {
        const TermTables::One& term = tables_.beside[t];
        if (term.co_runner == nullptr) {
            continue;
        }
        check(cublasDgemm(runtime.blas(), CUBLAS_OP_N, CUBLAS_OP_N, square, platforms_, platforms_, &term.scale, cube_,
                          square, term.platform, platforms_, &none, spread_, square),
              "multiplying by a covariance");
        check(cublasDgemmStridedBatched(runtime.blas(), CUBLAS_OP_N, CUBLAS_OP_N, modules_, modules_, modules_, &one,
                                        spread_, modules_, square, term.co_runner, modules_, 0, &none, half_cube_,
                                        modules_, square, platforms_),
              "multiplying by a covariance");
        add_beside(table_, beside_, beside_rows_, half_cube_, term.module, modules_, out, stream);
    }
}

bool Preconditioner::make(Runtime& runtime, Factors& factors, const Products& products,
                          std::span<const Conditional> conditionals, std::int64_t rows, std::size_t budget) {
    rows_ = narrow(rows);
    std::vector<std::vector<int>> numbers;
    std::vector<WhiteningPlace> places;
    std::vector<std::int64_t> column_first, known, count_of;
    std::vector<int> white_first, column;
    std::int64_t offset = 0;
    int white = 0;
    table_ = {};
    for (const Conditional& own : conditionals) {
        std::vector<int> all(own.given.begin(), own.given.end());
        for (std::int64_t n = 0; n < own.count; ++n) {
            all.push_back(narrow(own.first + n));
        }
        places.push_back({offset, narrow(own.count), narrow(std::ssize(all))});
        column_first.push_back(std::ssize(column));
        white_first.push_back(white);
        known.push_back(std::ssize(all));
        count_of.push_back(own.count);
        offset += own.count * std::ssize(all);
        white += narrow(own.count);
        column.insert(column.end(), all.begin(), all.end());
        table_.most_cols = std::max(table_.most_cols, narrow(std::ssize(all)));
        table_.most_rows = std::max(table_.most_rows, narrow(own.count));
        numbers.push_back(std::move(all));
    }
    // Which columns add to each row.
    std::vector<std::int64_t> share_first(static_cast<std::size_t>(rows) + 1, 0);
    for (const int u : column) {
        ++share_first[static_cast<std::size_t>(u) + 1];
    }
    std::partial_sum(share_first.begin(), share_first.end(), share_first.begin());
    std::vector<std::int64_t> share_place(column.size());
    std::vector<std::int64_t> next = share_first;
    for (std::size_t c = 0; c < column.size(); ++c) {
        share_place[static_cast<std::size_t>(next[static_cast<std::size_t>(column[c])]++)] =
            static_cast<std::int64_t>(c);
    }
    upload_.begin();
    const auto place_at = upload_.add(std::span<const WhiteningPlace>(places));
    const auto column_first_at = upload_.add(std::span<const std::int64_t>(column_first));
    const auto column_at = upload_.add(std::span<const int>(column));
    const auto white_first_at = upload_.add(std::span<const int>(white_first));
    const auto share_first_at = upload_.add(std::span<const std::int64_t>(share_first));
    const auto share_place_at = upload_.add(std::span<const std::int64_t>(share_place));
    upload_.send(runtime.stream());
    runtime.wait();
    auto* value = value_.of<float>(offset);
    white_ = white_buffer_.of<float>(white);
    share_ = share_buffer_.of<float>(std::ssize(column));
    table_.value = value;
    table_.place = upload_.at<WhiteningPlace>(place_at);
    table_.column_first = upload_.at<std::int64_t>(column_first_at);
    table_.column = upload_.at<int>(column_at);
    table_.white_first = upload_.at<int>(white_first_at);
    table_.count = narrow(std::ssize(conditionals));
    share_first_ = upload_.at<std::int64_t>(share_first_at);
    share_place_ = upload_.at<std::int64_t>(share_place_at);

    for (const auto& batch : batches_of(known, count_of, budget)) {
        std::int64_t all = 0;
        std::int64_t own = 0;
        std::vector<WhiteningPlace> of_batch;
        for (const std::int64_t b : batch) {
            const auto at = static_cast<std::size_t>(b);
            all = std::max(all, padded(known[at]));
            own = std::max(own, count_of[at]);
            of_batch.push_back(places[at]);
        }
        std::vector<int> lists(batch.size() * static_cast<std::size_t>(all), -1);
        for (std::size_t n = 0; n < batch.size(); ++n) {
            const std::vector<int>& from = numbers[static_cast<std::size_t>(batch[n])];
            std::ranges::copy(from, lists.begin() + static_cast<std::ptrdiff_t>(n + 1) * all - std::ssize(from));
        }
        if (!factors.make(runtime, products.tables(), products.rows(), lists, all, all)) {
            return false;
        }
        const double* inverse = factors.last_rows_of_inverse(runtime, own, 0);
        place_upload_.begin();
        const auto batch_at = place_upload_.add(std::span<const WhiteningPlace>(of_batch));
        place_upload_.send(runtime.stream());
        copy_whitening(inverse, narrow(own), narrow(all), place_upload_.at<WhiteningPlace>(batch_at),
                       narrow(std::ssize(batch)), value, runtime.stream());
        check_started("making a preconditioner");
        runtime.wait();
    }
    return true;
}

void Preconditioner::apply(Runtime& runtime, const double* r, double* z) {
    precondition(table_, r, white_, share_, share_first_, share_place_, rows_, z, runtime.stream());
    check_started("preconditioning");
}

Solved Solver::solve(Runtime& runtime, Factors& factors, const Covariance& covariance, const Rows& rows,
                     std::span<const Conditional> conditionals, std::span<const double> target,
                     std::span<const double> start, const SolveLimits& limits, std::size_t budget,
                     const std::function<bool()>& go_on) {
    Solved solved;
    products_.prepare(runtime, covariance, rows);
    if (!preconditioner_.make(runtime, factors, products_, conditionals, rows.size(), budget)) {
        solved.end = Solved::End::kIndefinite;
        return solved;
    }
    const auto n = rows.size();
    const auto stream = runtime.stream();
    double* base = vectors_.of<double>(7 * n + 3 * kParts + 3);
    at_ = {narrow(n),    base,         base + n,
           base + 2 * n, base + 3 * n, base + 4 * n,
           base + 5 * n, base + 7 * n, base + 7 * n + 3 * kParts};
    double* right = base + 6 * n;
    upload_.begin();
    const auto right_at = upload_.add(target);
    const auto start_at = upload_.add(start);
    upload_.send(stream);
    const auto bytes = static_cast<std::size_t>(n) * sizeof(double);
    const auto copy = [&](const double* from, double* to) {
        check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream), "starting");
    };
    copy(upload_.at<double>(right_at), right);
    if (start.empty()) {
        check(cudaMemsetAsync(at_.x, 0, bytes, stream), "starting");
        copy(right, at_.r);
    } else {
        copy(upload_.at<double>(start_at), at_.x);
        products_.times(runtime, at_.x, at_.q);
        subtract(right, at_.q, at_.n, at_.r, stream);
    }
    preconditioner_.apply(runtime, at_.r, at_.z);
    copy(at_.z, at_.p);
    dot_products(at_.r, at_.z, at_.r, at_.r, nullptr, nullptr, at_.n, at_.partial, stream);
    add_partials(at_.partial, 2, at_.number + 1, stream);
    check_started("starting conjugate gradients");
    std::vector<double> numbers(2);
    runtime.fetch(at_.number + 1, numbers);
    // r·z is at number 0 in steps of even number and at 1 in others, the residual's square at 2.
    check(cudaMemcpyAsync(at_.number, at_.number + 1, sizeof(double), cudaMemcpyDeviceToDevice, stream), "starting");
    const double norm = square_root_of_sum(target);
    solved.residual = norm > 0.0 ? std::sqrt(numbers[1]) / norm : 0.0;
    iterate(runtime, norm, limits, go_on, solved);
    solved.x.resize(target.size());
    runtime.fetch(at_.x, solved.x);
    return solved;
}

void Solver::iterate(Runtime& runtime, double norm, const SolveLimits& limits, const std::function<bool()>& go_on,
                     Solved& solved) {
    const auto stream = runtime.stream();
    for (; !(solved.residual <= limits.tolerance); ++solved.iterations) {
        if (!go_on()) {
            solved.end = Solved::End::kStopped;
            return;
        }
        if (solved.iterations == limits.iterations) {
            solved.end = Solved::End::kTooLong;
            return;
        }
        const double* rz = at_.number + solved.iterations % 2;
        double* next = at_.number + (solved.iterations + 1) % 2;
        products_.times(runtime, at_.p, at_.q);
        dot_products(at_.p, at_.q, nullptr, nullptr, nullptr, nullptr, at_.n, at_.partial, stream);
        std::swap(at_.r, at_.before);
        take_step(rz, at_.partial, at_.p, at_.q, at_.before, at_.n, at_.x, at_.r, stream);
        preconditioner_.apply(runtime, at_.r, at_.z);
        // The preconditioner rounds: the flexible form of the method (Notay 2000) does not mind.
        dot_products(at_.r, at_.z, at_.before, at_.z, at_.r, at_.r, at_.n, at_.partial, stream);
        turn_direction(rz, at_.partial, at_.z, at_.n, at_.p, next, at_.number + 2, stream);
        check_started("solving");
        std::vector<double> square(1);
        runtime.fetch(at_.number + 2, square);
        solved.residual = std::sqrt(square[0]) / norm;
    }
}

}  // namespace pitot::backend::device
