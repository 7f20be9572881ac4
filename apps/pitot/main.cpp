#include "cli/cli.hpp"

int main(int argc, char** argv) { return pitot::cli::run(argc, argv, {}); }
