/* The whole way in C: tables become a dataset, a dataset a model, a model predictions; it learns on, is written into
   bytes and read again. Every number is held against what the C++ interface gives (twin.cpp), to the bit.

     story EXAMPLES_FOLDER */
#include <math.h>
#include <pitot/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kRows = 6, kConfidences = 2 };

struct answers {
    double runtime_us[kRows];
    double deviation[kRows];
    double upper_us[kRows * kConfidences];
    double lower_us[kRows * kConfidences];
};

/* In twin.cpp: the answers of a fit on the fleet and, with `learned`, of what that learned of today's runs. */
int twin_answers(const char* examples, const int32_t* platform, const int32_t* module, const int32_t* co_runners,
                 const double* confidences, int learned, struct answers* out);

static const double kConfidence[kConfidences] = {0.5, 0.9};
/* Pairs alone and beside one or two others, as a matrix and ragged. */
static const int32_t kPlatform[kRows] = {0, 1, 2, 3, 0, 4};
static const int32_t kModule[kRows] = {0, 3, 2, 9, 1, 5};
static const int32_t kMatrix[kRows * 2] = {-1, -1, -1, -1, 4, -1, -1, 5, 2, 6, -1, -1};
static const int64_t kOffsets[kRows + 1] = {0, 0, 0, 1, 2, 4, 4};
static const int32_t kRagged[4] = {4, 5, 2, 6};

static int progress_calls = 0;

static int32_t count_progress(int64_t done, int64_t total, void* data) {
    ++*(int*)data;
    return done < 0 || total < done ? 1 : 0;
}

static void check(int good, const char* what) {
    if (!good) {
        fprintf(stderr, "story: %s\n  last error: %s\n", what, pitot_last_error());
        exit(1);
    }
}

#define OK(call) check((call) == PITOT_OK, #call)

static char* joined(const char* folder, const char* name) {
    char* path = malloc(strlen(folder) + strlen(name) + 2);
    check(path != NULL, "memory");
    sprintf(path, "%s/%s", folder, name);
    return path;
}

/* A file's bytes, so that a dataset can be read of memory. */
static char* content(const char* path, int64_t* size) {
    FILE* file = fopen(path, "rb");
    char* bytes = malloc(1 << 20);
    check(file != NULL && bytes != NULL, path);
    *size = (int64_t)fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

/* Of fleet.csv and beside.csv: the first by its path, the second as bytes, and the tables of features one each way. */
static pitot_dataset* read_fleet(const char* examples) {
    char* fleet = joined(examples, "fleet.csv");
    char* beside = joined(examples, "beside.csv");
    char* devices = joined(examples, "devices.csv");
    char* opcodes = joined(examples, "opcodes.csv");
    pitot_input inputs[2];
    pitot_read_options options;
    pitot_dataset* dataset = NULL;
    memset(inputs, 0, sizeof inputs);
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.platform_features.path = devices;
    options.module_features.path = "opcodes, from memory";
    options.module_features.data = content(opcodes, &options.module_features.size);
    inputs[0].path = fleet;
    inputs[1].path = "beside, from memory";
    inputs[1].data = content(beside, &inputs[1].size);
    OK(pitot_dataset_read(inputs, 2, &options, &dataset));
    free((void*)options.module_features.data);
    free((void*)inputs[1].data);
    free(fleet);
    free(beside);
    free(devices);
    free(opcodes);
    return dataset;
}

static void predict(const pitot_model* model, int ragged, struct answers* answers, uint8_t* basis, uint8_t* no_bound) {
    pitot_combinations rows;
    pitot_predictions out;
    memset(&rows, 0, sizeof rows);
    memset(&out, 0, sizeof out);
    rows.rows = kRows;
    rows.platform = kPlatform;
    rows.module = kModule;
    rows.co_runners = ragged ? kRagged : kMatrix;
    rows.co_runner_count = ragged ? 4 : kRows * 2;
    rows.co_runner_offsets = ragged ? kOffsets : NULL;
    rows.co_runner_width = ragged ? 0 : 2;
    out.struct_size = sizeof out;
    out.runtime_us = answers->runtime_us;
    out.deviation = answers->deviation;
    out.upper_us = answers->upper_us;
    out.lower_us = answers->lower_us;
    out.basis = basis;
    out.no_bound = no_bound;
    OK(pitot_predict(model, &rows, kConfidence, kConfidences, &out));
}

static void compare(const pitot_model* model, const char* examples, int learned) {
    struct answers expected;
    int ragged;
    check(twin_answers(examples, kPlatform, kModule, kMatrix, kConfidence, learned, &expected) == 0, "the C++ twin");
    for (ragged = 0; ragged < 2; ++ragged) {
        struct answers answers;
        uint8_t basis[kRows];
        uint8_t no_bound[kRows * kConfidences];
        int n;
        memset(&answers, 0, sizeof answers);
        predict(model, ragged, &answers, basis, no_bound);
        check(memcmp(&answers, &expected, sizeof answers) == 0, "predictions are not those of C++");
        for (n = 0; n < kRows; ++n) {
            check(basis[n] == PITOT_BASIS_MEASURED, "the basis of a measured pair");
        }
        for (n = 0; n < kRows * kConfidences; ++n) {
            check((no_bound[n] == PITOT_BOUND_GIVEN) == !isnan(answers.upper_us[n]), "why there is no bound");
        }
    }
}

/* Into bytes and back: the same bytes, and the same answers. */
static pitot_model* through_bytes(pitot_model* model) {
    pitot_bytes* first = NULL;
    pitot_bytes* second = NULL;
    pitot_model* again = NULL;
    const void* data[2];
    int64_t size[2];
    OK(pitot_model_to_bytes(model, &first));
    OK(pitot_bytes_get(first, &data[0], &size[0]));
    OK(pitot_model_from_bytes(data[0], size[0], &again));
    OK(pitot_model_to_bytes(again, &second));
    OK(pitot_bytes_get(second, &data[1], &size[1]));
    check(size[0] == size[1] && memcmp(data[0], data[1], (size_t)size[0]) == 0, "a model's bytes change");
    pitot_bytes_free(first);
    pitot_bytes_free(second);
    pitot_model_free(model);
    return again;
}

static void look_up(const pitot_model* model) {
    static const char kNames[] = "jit.deskinterp.lap";
    static const int64_t offsets[3] = {0, 8, 18};
    pitot_texts names;
    pitot_strings* all = NULL;
    pitot_texts texts;
    int32_t rows[2] = {-1, -1};
    int k;
    names.count = 2;
    names.offsets = offsets;
    names.bytes = kNames;
    names.size = 18;
    OK(pitot_model_find(model, PITOT_PLATFORMS, &names, 0, rows));
    OK(pitot_model_names(model, PITOT_PLATFORMS, &all));
    OK(pitot_strings_get(all, &texts));
    for (k = 0; k < 2; ++k) {
        const int64_t begin = texts.offsets[rows[k]];
        const int64_t length = texts.offsets[rows[k] + 1] - begin;
        check(length == offsets[k + 1] - offsets[k] &&
                  memcmp(texts.bytes + begin, kNames + offsets[k], (size_t)length) == 0,
              "a name's row has another name");
    }
    pitot_strings_free(all);
}

static void ask(const pitot_model* model) {
    pitot_advice* advice = NULL;
    pitot_advice_view pairs;
    pitot_explanation* explanation = NULL;
    pitot_explanation_view why;
    double sum = 0;
    int64_t k;
    memset(&pairs, 0, sizeof pairs);
    memset(&why, 0, sizeof why);
    pairs.struct_size = sizeof pairs;
    why.struct_size = sizeof why;
    OK(pitot_advise(model, NULL, NULL, &advice));
    OK(pitot_advice_get(advice, &pairs));
    check(pairs.pairs == 10 && pairs.error[9] <= pairs.error_now, "advice");
    pitot_advice_free(advice);
    OK(pitot_explain(model, 0, 0, 5, &explanation));
    OK(pitot_explanation_get(explanation, &why));
    for (k = 0; k < why.terms; ++k) {
        sum += why.term_values[k];
    }
    check(why.near == 5 && fabs(sum - why.answer) < 1e-9, "an explanation's terms do not sum up to the answer");
    pitot_explanation_free(explanation);
}

int main(int argc, char** argv) {
    const char* examples = argc > 1 ? argv[1] : "examples";
    char* today = joined(examples, "today.csv");
    pitot_dataset* fleet;
    pitot_dataset* runs = NULL;
    pitot_input input;
    pitot_run_options run;
    pitot_model* model = NULL;
    pitot_model* learned = NULL;
    pitot_model* none = NULL;
    pitot_observation* told = NULL;
    pitot_observation_view view;
    check(pitot_version_number() == PITOT_VERSION_NUMBER, "header and library differ");
    check(strcmp(pitot_last_error(), "") == 0 && pitot_last_error_status() == PITOT_OK, "an error before any");
    fleet = read_fleet(examples);
    memset(&run, 0, sizeof run);
    run.struct_size = sizeof run;
    run.threads = 1;
    run.progress = count_progress;
    run.progress_data = &progress_calls;
    OK(pitot_fit(fleet, NULL, &run, &model));
    check(progress_calls > 0, "no progress was told");
    model = through_bytes(model);
    compare(model, examples, 0);
    look_up(model);
    ask(model);
    memset(&input, 0, sizeof input);
    input.path = today;
    OK(pitot_dataset_read(&input, 1, NULL, &runs));
    OK(pitot_observe(model, runs, &learned, &told));
    memset(&view, 0, sizeof view);
    view.struct_size = sizeof view;
    OK(pitot_observation_get(told, &view));
    check(view.runs > 0 && view.known_pairs > 0 && view.reason[0] != '\0', "what was observed");
    learned = through_bytes(learned);
    compare(learned, examples, 1);
    check(pitot_model_load("/nowhere/x.pitot", &none) == PITOT_ERROR_ENVIRONMENT &&
              strstr(pitot_last_error(), "/nowhere/x.pitot") != NULL && none == NULL,
          "the error of a file that is not there");
    pitot_observation_free(told);
    pitot_model_free(learned);
    pitot_model_free(model);
    pitot_dataset_free(runs);
    pitot_dataset_free(fleet);
    free(today);
    printf("Pitot %s: the story in C ends well\n", pitot_version());
    return 0;
}
