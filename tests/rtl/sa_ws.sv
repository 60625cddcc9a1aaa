// A weight-stationary array of R x C processing elements. Row r of the activations enters at the
// left of row r, r cycles after row 0; the weights of column c, last row first, at its top, c cycles
// after those of column 0; the sums of column c leave below it.
module sa_ws #(
    parameter int R = 4,
    parameter int C = 4,
    parameter int LOAD = 0  // as in ws_pe
) (
    input  logic                         clk,
    input  logic                         reset,
    input  logic        [R-1:0]          act_valid,
    input  logic        [R-1:0]          act_swap,
    input  logic signed [R-1:0][ 7:0]    act,
    input  logic        [C-1:0]          w_valid,
    input  logic        [C-1:0][ 7:0]    w_row,
    input  logic signed [C-1:0][ 7:0]    w,
    output logic        [C-1:0]          sum_valid,
    output logic signed [C-1:0][31:0]    sum,
    output logic               [15:0]    macs  // multiplications in this cycle, for the bench
);
    // column 0 of these and row 0 of those below are the ports
    logic              av[R][C+1];
    logic              as[R][C+1];
    logic signed [7:0] a [R][C+1];

    logic               wv[R+1][C];
    logic        [ 7:0] wr[R+1][C];
    logic signed [ 7:0] ww[R+1][C];
    logic signed [31:0] s [R+1][C];

    for (genvar r = 0; r < R; r++) begin : g_left
        assign av[r][0] = act_valid[r];
        assign as[r][0] = act_swap[r];
        assign a[r][0] = act[r];
    end

    for (genvar c = 0; c < C; c++) begin : g_top
        assign wv[0][c] = w_valid[c];
        assign wr[0][c] = w_row[c];
        assign ww[0][c] = w[c];
        assign s[0][c] = 0;
        // the sum below the last row was made with the activation that has just left it
        assign sum_valid[c] = av[R-1][c+1];
        assign sum[c] = s[R][c];
    end

    for (genvar r = 0; r < R; r++) begin : g_row
        for (genvar c = 0; c < C; c++) begin : g_pe
            ws_pe #(
                .LOAD(LOAD),
                .ROW (r)
            ) pe (
                .clk,
                .reset,
                .act_valid(av[r][c]),
                .act_swap(as[r][c]),
                .act(a[r][c]),
                .act_valid_right(av[r][c+1]),
                .act_swap_right(as[r][c+1]),
                .act_right(a[r][c+1]),
                // the enable of a chain is the whole column's; a tagged weight takes its own along
                .w_valid(LOAD == 2 ? wv[r][c] : w_valid[c]),
                .w_row(wr[r][c]),
                .w(ww[r][c]),
                .w_valid_below(wv[r+1][c]),
                .w_row_below(wr[r+1][c]),
                .w_below(ww[r+1][c]),
                .sum_above(s[r][c]),
                .sum_below(s[r+1][c])
            );
        end
    end

    always_comb begin
        macs = 0;
        for (int r = 0; r < R; r++) for (int c = 0; c < C; c++) macs += 16'(av[r][c]);
    end
endmodule
