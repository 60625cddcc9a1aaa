// What the two benches share: cases from standard input, a random product, the clock, the counts.
#ifndef RTL_BENCH_H
#define RTL_BENCH_H

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <vector>
#include <verilated.h>

enum Policy { SERIAL, SHIFT, DOUBLE };
static const char *const policy_words[] = {"serial", "shift", "double"};

// A line "R C POLICY M N K EARLY": the product (M,N) = (M,K) (K,N) on an array of R x C; each tile
// begins EARLY cycles before the policy's rule lets it, which shows whether the rule is needed.
struct Case {
    int R, C, policy, M, N, K, early;
};

static bool next_case(Case &it)
{
    char word[16];

    if (std::scanf("%d %d %15s %d %d %d %d", &it.R, &it.C, word, &it.M, &it.N, &it.K, &it.early) !=
        7)
        return false;
    for (it.policy = 0; it.policy < 3; it.policy++)
        if (std::strcmp(word, policy_words[it.policy]) == 0)
            return true;
    return false;
}

static int tiles(int side, int array) { return (side + array - 1) / array; }

struct Product {
    int M, N, K;
    std::vector<int> lhs, rhs, out;

    // No operand is zero: a word of another tile in its place must show.
    Product(int M, int N, int K, unsigned seed)
        : M(M), N(N), K(K), lhs(M * K), rhs(K * N), out(M * N)
    {
        std::mt19937 random(seed);
        for (std::vector<int> *matrix : {&lhs, &rhs})
            for (int &value : *matrix) {
                value = static_cast<int>(random() % 255) - 128;
                value += value >= 0;
            }
        for (int m = 0; m < M; m++)
            for (int n = 0; n < N; n++)
                for (int k = 0; k < K; k++)
                    out[m * N + n] += lhs[m * K + k] * rhs[k * N + n];
    }
    // Edge tiles are filled up with zeros.
    int lhs_at(int m, int k) const { return m < M && k < K ? lhs[m * K + k] : 0; }
    int rhs_at(int k, int n) const { return k < K && n < N ? rhs[k * N + n] : 0; }
    int out_at(int m, int n) const { return m < M && n < N ? out[m * N + n] : 0; }
};

// The fold that has `time` in its interval of `length` cycles, or -1.
static int fold_at(const std::vector<int> &begins, int length, int time)
{
    auto after = std::upper_bound(begins.begin(), begins.end(), time);
    if (after == begins.begin() || time >= *(after - 1) + length)
        return -1;
    return static_cast<int>(after - begins.begin()) - 1;
}

// Cycle 0 is the one in which the first word is applied. firsts are cycles; lasts count the cycles
// up to and including the last one with a multiplication, or with a result visible.
struct Counts {
    int first_mac = -1, first_out = -1, last_mac = 0, last_out = 0, wrong = 0;
    long macs = 0;

    void see(int cycle, int cycle_macs, bool visible)
    {
        macs += cycle_macs;
        if (cycle_macs > 0) {
            first_mac = first_mac < 0 ? cycle : first_mac;
            last_mac = cycle + 1;
        }
        if (visible) {
            first_out = first_out < 0 ? cycle : first_out;
            last_out = cycle + 1;
        }
    }
    void print(const char *dataflow, const Case &it, int folds) const
    {
        std::printf("%s %s %d %d %d %d %d %d %d %d %d %d %d %ld %d\n", dataflow,
                    policy_words[it.policy], it.R, it.C, it.M, it.N, it.K, it.early, folds,
                    first_mac, first_out, last_mac, last_out, macs, wrong);
    }
};

template <class Top> static void edge(Top &top)
{
    top.clk = 1;
    top.eval();
    top.clk = 0;
    top.eval();
}

// Registers start with random values (verilator's --x-initial unique): nothing may rest on them.
// Then every case of standard input through run(top, case, seed). Returns the exit code.
template <class Top, class Run> static int run_cases(Run run)
{
    VerilatedContext context;
    context.randReset(2);
    context.randSeed(1);
    auto top = std::make_unique<Top>(&context);
    Case it;

    for (unsigned seed = 1; next_case(it); seed++) {
        top->rows = it.R, top->cols = it.C, top->policy = it.policy;
        top->clk = 0, top->reset = 1;
        top->eval();
        if (!top->known) {
            std::fprintf(stderr, "no array of %dx%d\n", it.R, it.C);
            return 2;
        }
        // every valid bit has the reset, so one cycle of it is enough
        edge(*top);
        top->reset = 0;
        run(*top, it, seed);
    }
    return std::feof(stdin) ? 0 : 2;
}

#endif
