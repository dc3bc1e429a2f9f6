/*
 * bench_policy.h - the two halves of bench-policy: packets judged, policies compiled
 */
#ifndef TESTS_BENCH_BENCH_POLICY_H
#define TESTS_BENCH_BENCH_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "tests/bench/report.h"

/* The same numbers in every run; below @n. */
uint64_t bench_random(uint64_t n);

/* 10,000 rules, 10,000 patterns, a set of 100,000: seconds, and memory at its peak. */
#define BENCH_COMPILE_ROWS	2u
size_t bench_compile(struct report_row rows[BENCH_COMPILE_ROWS]);

#endif
