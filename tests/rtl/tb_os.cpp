// Products on the output-stationary arrays: every result checked, every cycle counted.
#include "Varrays_os.h"
#include "rtl_bench.h"

struct Bench {
    Varrays_os &top;
    const Case &it;
    Product product;
    int n_tiles, folds;
    std::vector<int> stream, seen;
    Counts counts;

    // Streams of the folds begin by the rules of sim/machine.h for a bare mesh.
    Bench(Varrays_os &top, const Case &it, unsigned seed)
        : top(top), it(it), product(it.M, it.N, it.K, seed), n_tiles(tiles(it.N, it.C)),
          folds(n_tiles * tiles(it.M, it.R)), stream(folds), seen(it.C)
    {
        const int interval[] = {it.K + 2 * it.R + it.C - 2, 2 * it.R - 1, it.R};
        for (int f = 1; f < folds; f++)
            stream[f] = stream[f - 1] + std::max(it.K, interval[it.policy] - it.early);
    }
    int m_of(int fold) const { return fold / n_tiles * it.R; }
    int n_of(int fold) const { return fold % n_tiles * it.C; }

    void apply_row(int r, int time)
    {
        int fold = fold_at(stream, it.K, time), k = fold < 0 ? 0 : time - stream[fold];

        top.lhs_valid |= (fold >= 0) << r;
        top.lhs_first |= (fold >= 0 && k == 0) << r;
        top.lhs_last |= (fold >= 0 && k == it.K - 1) << r;
        top.lhs[r] = static_cast<uint8_t>(fold < 0 ? 0 : product.lhs_at(m_of(fold) + r, k));
    }
    void apply_column(int c, int time)
    {
        int fold = fold_at(stream, it.K, time), k = fold < 0 ? 0 : time - stream[fold];

        top.rhs[c] = static_cast<uint8_t>(fold < 0 ? 0 : product.rhs_at(k, n_of(fold) + c));
    }
    // The last row's result comes first.
    void collect(int c)
    {
        int fold = seen[c] / it.R, m = it.R - 1 - seen[c] % it.R;

        seen[c]++;
        if (fold >= folds ||
            static_cast<int>(top.out[c]) != product.out_at(m_of(fold) + m, n_of(fold) + c))
            counts.wrong++;
    }
    void cycle(int now)
    {
        top.lhs_valid = top.lhs_first = top.lhs_last = 0;
        for (int r = 0; r < it.R; r++)
            apply_row(r, now - r);
        for (int c = 0; c < it.C; c++)
            apply_column(c, now - c);
        top.eval();
        counts.see(now, top.macs, top.out_valid != 0);
        for (int c = 0; c < it.C; c++)
            if (top.out_valid >> c & 1)
                collect(c);
        edge(top);
    }
    void run()
    {
        int end = stream.back() + it.K + 2 * (2 * it.R + it.C);

        for (int now = 0; now < end; now++)
            cycle(now);
        for (int count : seen)
            counts.wrong += count < folds * it.R;
        counts.print("os", it, folds);
    }
};

int main()
{
    return run_cases<Varrays_os>(
        [](Varrays_os &top, const Case &it, unsigned seed) { Bench(top, it, seed).run(); });
}
