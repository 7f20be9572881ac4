#include "backend/cuda/batch_memory.hpp"

#include <type_traits>

namespace pitot::backend::cuda {

DeviceTable::DeviceTable(const PairColumns& columns)
    : platform(columns.platform),
      module(columns.module),
      co_runner(columns.co_runner),
      width(columns.width),
      rows(columns.size()) {
    const std::vector<float> none(columns.target.empty() ? columns.platform.size() : 0, 1.0F);
    target = DeviceArray<float>(columns.target.empty() ? std::span<const float>(none) : columns.target);
}

BatchMemory::BatchMemory(const Program& program, std::int64_t models, std::int64_t steps, std::int64_t rows,
                         std::int32_t width)
    : models_(models), rows_(rows), platforms_(program.platforms), modules_(program.modules), width_(width) {
    const std::int64_t batches = models * steps;
    for (auto* array : {&platform_, &module_, &place_}) {
        *array = DeviceArray<std::int32_t>(batches * rows);
    }
    co_runner_ = DeviceArray<std::int32_t>(batches * rows * width);
    mention_ = DeviceArray<std::int32_t>(batches * rows * (1 + width));
    platform_end_ = DeviceArray<std::int32_t>(batches * (platforms_ + 1));
    module_end_ = DeviceArray<std::int32_t>(batches * (modules_ + 1));
    cursor_ = DeviceArray<std::int32_t>(batches * (platforms_ + modules_ + 2));
    target_ = DeviceArray<float>(batches * rows);
    scale_ = DeviceArray<float>(batches * rows);
}

std::int64_t BatchMemory::bytes(const Program& program, std::int64_t rows, std::int32_t width) {
    return 4 * (rows * (6 + 2 * width) + 2 * (program.platforms + program.modules + 2));
}

Batch BatchMemory::view(std::int64_t step, std::int64_t first) const {
    const std::int64_t batch = step * models_ + first;
    const auto at = [&](const auto& array, std::int64_t each) {
        using T = std::remove_pointer_t<decltype(array.data())>;
        return View<const T>{array.data() + batch * each, each, 0};
    };
    Batch view;
    view.platform = at(platform_, rows_);
    view.module = at(module_, rows_);
    view.co_runner = at(co_runner_, rows_ * width_);
    view.target = at(target_, rows_);
    view.scale = at(scale_, rows_);
    view.platform_end = at(platform_end_, platforms_ + 1);
    view.module_end = at(module_end_, modules_ + 1);
    view.mention = at(mention_, rows_ * (1 + width_));
    view.rows = static_cast<std::int32_t>(rows_);
    view.width = width_;
    view.platforms = static_cast<std::int32_t>(platforms_);
    view.modules = static_cast<std::int32_t>(modules_);
    return view;
}

Draw BatchMemory::target(bool mentions) const {
    Draw draw;
    draw.models = static_cast<std::int32_t>(models_);
    draw.platform = platform_.data();
    draw.module = module_.data();
    draw.co_runner = co_runner_.data();
    draw.platform_end = platform_end_.data();
    draw.module_end = module_end_.data();
    draw.mention = mentions ? mention_.data() : nullptr;
    draw.place = place_.data();
    draw.target = target_.data();
    draw.scale = scale_.data();
    draw.cursor = cursor_.data();
    draw.rows = static_cast<std::int32_t>(rows_);
    draw.width = width_;
    draw.platforms = static_cast<std::int32_t>(platforms_);
    draw.modules = static_cast<std::int32_t>(modules_);
    return draw;
}

}  // namespace pitot::backend::cuda
