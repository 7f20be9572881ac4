#include "dataset/source.hpp"

namespace pitot::dataset {
namespace {

// STEM of STEM.csv, STEM.csv.gz, STEM.tsv, …
std::filesystem::path stem_of(std::filesystem::path file) {
    if (file.extension() == ".gz" || file.extension() == ".GZ") {
        file.replace_extension();
    }
    return file.replace_extension();
}

}  // namespace

std::filesystem::path sibling_table(const std::filesystem::path& file, Axis axis) {
    std::filesystem::path stem = stem_of(file);
    return stem += axis == Axis::kPlatform ? ".platforms.csv" : ".modules.csv";
}

}  // namespace pitot::dataset
