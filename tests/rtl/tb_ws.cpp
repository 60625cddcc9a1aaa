// Products on the weight-stationary arrays: every sum checked, every cycle counted.
#include "Varrays_ws.h"
#include "rtl_bench.h"

// When the loads and streams of the folds begin: the rules of sim/machine.h for a bare mesh.
struct Schedule {
    std::vector<int> load, stream;

    Schedule(const Case &it, int folds) : load(folds), stream(folds)
    {
        const int wait[] = {it.M + it.R + it.C - 2, it.R - 1, 0};
        load[0] = 0, stream[0] = it.R;
        for (int f = 1; f < folds; f++) {
            load[f] = std::max(load[f - 1] + it.R, stream[f - 1] + wait[it.policy] - it.early);
            stream[f] = std::max(load[f] + it.R, stream[f - 1] + it.M);
        }
    }
};

struct Bench {
    Varrays_ws &top;
    const Case &it;
    Product product;
    int k_tiles, folds;
    Schedule schedule;
    std::vector<int> sums, seen;
    Counts counts;

    Bench(Varrays_ws &top, const Case &it, unsigned seed)
        : top(top), it(it), product(it.M, it.N, it.K, seed), k_tiles(tiles(it.K, it.R)),
          folds(k_tiles * tiles(it.N, it.C)), schedule(it, folds), sums(it.M * it.N), seen(it.C)
    {
    }
    int k_of(int fold) const { return fold % k_tiles * it.R; }
    int n_of(int fold) const { return fold / k_tiles * it.C; }

    void apply_row(int r, int time)
    {
        int fold = fold_at(schedule.stream, it.M, time);
        int m = fold < 0 ? 0 : time - schedule.stream[fold];

        top.act_valid |= (fold >= 0) << r;
        top.act_swap |= (fold >= 0 && m == 0) << r;
        top.act[r] = static_cast<uint8_t>(fold < 0 ? 0 : product.lhs_at(m, k_of(fold) + r));
    }
    void apply_column(int c, int time)
    {
        int fold = fold_at(schedule.load, it.R, time);
        int row = fold < 0 ? 0 : it.R - 1 - (time - schedule.load[fold]);

        top.w_valid |= (fold >= 0) << c;
        top.w_row[c] = static_cast<uint8_t>(row);
        top.w[c] =
            static_cast<uint8_t>(fold < 0 ? 0 : product.rhs_at(k_of(fold) + row, n_of(fold) + c));
    }
    void collect(int c)
    {
        int fold = seen[c] / it.M, m = seen[c] % it.M;

        seen[c]++;
        if (fold >= folds)
            counts.wrong++; /* a sum too many */
        else if (n_of(fold) + c < it.N)
            sums[m * it.N + n_of(fold) + c] += static_cast<int>(top.out[c]);
    }
    void cycle(int now)
    {
        top.act_valid = top.act_swap = top.w_valid = 0;
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
        int end = schedule.stream.back() + it.M + 2 * (it.R + it.C);

        for (int now = 0; now < end; now++)
            cycle(now);
        for (int count : seen)
            counts.wrong += count < folds * it.M;
        for (size_t i = 0; i < sums.size(); i++)
            counts.wrong += sums[i] != product.out[i];
        counts.print("ws", it, folds);
    }
};

int main()
{
    return run_cases<Varrays_ws>(
        [](Varrays_ws &top, const Case &it, unsigned seed) { Bench(top, it, seed).run(); });
}
