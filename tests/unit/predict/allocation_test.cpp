// Queries do not allocate. This file counts for the whole test program what is asked of operator new.
// Not under sanitizers, which bring an operator new of their own.
#ifndef PITOT_SANITIZED
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "models/folds/pair_answers.hpp"
#include "pitot/predictor.hpp"
#include "support/random_model.hpp"

namespace {

thread_local long allocations = 0;

void* counted(std::size_t size, std::size_t alignment) {
    ++allocations;
    const std::size_t whole = (std::max<std::size_t>(size, 1) + alignment - 1) / alignment * alignment;
    void* memory = std::aligned_alloc(alignment, whole);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

}  // namespace

void* operator new(std::size_t size) { return counted(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept { std::free(memory); }

namespace pitot::predict {
namespace {

using test::random_model;
using test::random_parts;
using test::random_rows;
using test::RandomModel;

constexpr std::size_t kRows = 1'000;

// Allocations of a query of many rows and of one of a single pair. The first of each may make the scratch.
struct Count {
    long batch = 0;
    long single = 0;
};

Count count(const Predictor& predictor, std::int32_t width, PredictScratch* scratch) {
    const auto platform = random_rows(kRows, predictor.platforms().size(), core::Key(1));
    const auto module = random_rows(kRows, predictor.modules().size(), core::Key(2));
    const auto beside =
        random_rows(kRows * static_cast<std::size_t>(width), predictor.modules().size(), core::Key(3), -1);
    const std::vector<double> confidences{0.5, 0.9};
    std::vector<double> runtime_us(kRows);
    Matrix<double> bound_us(kRows, 2);
    std::vector<Basis> basis(kRows);
    Count counted;
    for (int round = 0; round < 2; ++round) {
        counted = {-allocations, 0};
        const auto done = predictor.predict_into({platform, module, beside, width}, confidences,
                                                 {runtime_us, bound_us.view(), basis}, scratch);
        counted.batch += allocations;
        EXPECT_TRUE(done);
        counted.single = -allocations;
        const auto one = predictor.predict_pair(platform[0], module[0], 0.9,
                                                std::span(beside).first(static_cast<std::size_t>(width)), scratch);
        counted.single += allocations;
        EXPECT_TRUE(one);
    }
    return counted;
}

TEST(Allocations, AreCounted) {
    const long before = allocations;
    const Matrix<double> aligned(1, 1);
    const std::string text(100, 'x');
    EXPECT_EQ(allocations - before, 2);
}

TEST(Allocations, OfTablesAreNone) {
    for (const char* name : {"embedding/128", "interference/2", "baseline/mlp", "baseline/linear_scaling"}) {
        const Predictor predictor(random_parts(name));
        for (const std::int32_t width : {0, 2}) {
            const Count counted = count(predictor, width, nullptr);
            EXPECT_EQ(counted.batch, 0) << name;
            EXPECT_EQ(counted.single, 0) << name;
        }
    }
}

TEST(Allocations, OfFactorsAreNone) {
    FitConfig config = preset("interference/2").value();
    config.model.layers = {8, 32};
    const RandomModel model = random_model(config, {2'000, 1'000, 5, 5, 3});
    ASSERT_FALSE(models::PairAnswers(model.parts, model.platforms, model.modules).is_table());
    const Predictor predictor(random_parts(model));
    for (const std::int32_t width : {0, 2}) {
        const Count counted = count(predictor, width, nullptr);
        EXPECT_EQ(counted.batch, 0);
        EXPECT_EQ(counted.single, 0);
    }
}

TEST(Allocations, OfNetworksAreSparedByScratch) {
    for (const char* name : {"baseline/mlp", "baseline/device_mlp"}) {
        const RandomModel model = random_model(name, {174, 176, 64, 64, 3});
        ASSERT_FALSE(models::PairAnswers(model.parts, model.platforms, model.modules).is_table());
        const Predictor predictor(random_parts(model));
        PredictScratch scratch;
        const Count spared = count(predictor, 2, &scratch);
        EXPECT_EQ(spared.batch, 0) << name;
        EXPECT_EQ(spared.single, 0) << name;
        EXPECT_GT(count(predictor, 2, nullptr).single, 0) << name;
    }
}

}  // namespace
}  // namespace pitot::predict

#endif
