/* The installed C interface from outside: a fleet in arrays, a fit, and predictions of every pair. */
#include <math.h>
#include <pitot/c.h>
#include <stdio.h>
#include <string.h>

enum { kPlatforms = 4, kModules = 5, kRows = kPlatforms * kModules };

/* "p0p1p2…" of so many names, two bytes each. */
static pitot_texts names_of(char letter, int count, char* bytes, int64_t* offsets) {
    pitot_texts texts;
    int i;
    for (i = 0; i < count; ++i) {
        bytes[2 * i] = letter;
        bytes[2 * i + 1] = (char)('0' + i);
        offsets[i + 1] = 2 * (i + 1);
    }
    offsets[0] = 0;
    texts.count = count;
    texts.offsets = offsets;
    texts.bytes = bytes;
    texts.size = 2 * count;
    return texts;
}

int main(void) {
    char bytes[2][2 * kModules];
    int64_t offsets[2][kModules + 1];
    int32_t platform[kRows];
    int32_t module[kRows];
    double runtime_us[kRows];
    double predicted[kRows];
    double worst = 0;
    int n;
    pitot_side sides[2];
    pitot_combinations rows;
    pitot_predictions out;
    pitot_dataset* dataset = NULL;
    pitot_config* config = NULL;
    pitot_model* model = NULL;
    memset(sides, 0, sizeof sides);
    memset(&rows, 0, sizeof rows);
    memset(&out, 0, sizeof out);
    sides[0].struct_size = sides[1].struct_size = sizeof(pitot_side);
    sides[0].names = names_of('p', kPlatforms, bytes[0], offsets[0]);
    sides[1].names = names_of('m', kModules, bytes[1], offsets[1]);
    for (n = 0; n < kRows; ++n) {
        platform[n] = n / kModules;
        module[n] = n % kModules;
        runtime_us[n] = 100.0 * (1 + platform[n]) * (1 + module[n]);
    }
    rows.rows = kRows;
    rows.platform = platform;
    rows.module = module;
    out.struct_size = sizeof out;
    out.runtime_us = predicted;
    if (pitot_dataset_from_columns(&sides[0], &sides[1], &rows, runtime_us, &dataset) != PITOT_OK ||
        pitot_config_preset("baseline/linear_scaling", &config) != PITOT_OK ||
        pitot_fit(dataset, config, NULL, &model) != PITOT_OK ||
        pitot_predict(model, &rows, NULL, 0, &out) != PITOT_OK) {
        fprintf(stderr, "%s\n", pitot_last_error());
        return 1;
    }
    for (n = 0; n < kRows; ++n) {
        worst = fmax(worst, fabs(predicted[n] / runtime_us[n] - 1));
    }
    pitot_model_free(model);
    pitot_config_free(config);
    pitot_dataset_free(dataset);
    printf("C, Pitot %s: off by %.4f at worst\n", pitot_version(), worst);
    return worst < 0.01 && pitot_version_number() == PITOT_VERSION_NUMBER ? 0 : 1;
}
