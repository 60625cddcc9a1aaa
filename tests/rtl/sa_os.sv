// An output-stationary array of R x C processing elements. Row r of lhs enters at the left of row r,
// r cycles after row 0; column c of rhs at its top, c cycles after column 0; the results of column c
// leave below it, last row first, in the R cycles after its last multiplication.
module sa_os #(
    parameter int R = 4,
    parameter int C = 4,
    parameter int DRAIN = 0  // as in os_pe
) (
    input  logic                      clk,
    input  logic                      reset,
    input  logic        [R-1:0]       lhs_valid,
    input  logic        [R-1:0]       lhs_first,
    input  logic        [R-1:0]       lhs_last,
    input  logic signed [R-1:0][ 7:0] lhs,
    input  logic signed [C-1:0][ 7:0] rhs,
    output logic        [C-1:0]       result_valid,
    output logic signed [C-1:0][31:0] result,
    output logic               [15:0] macs  // multiplications in this cycle, for the bench
);
    // column 0 of these and row 0 of those below are the ports
    logic              lv[R][C+1];
    logic              lf[R][C+1];
    logic              ll[R][C+1];
    logic signed [7:0] l [R][C+1];

    logic signed [ 7:0] b[R+1][C];
    logic signed [31:0] d[R+1][C];

    logic [C-1:0] hand_over;

    for (genvar r = 0; r < R; r++) begin : g_left
        assign lv[r][0] = lhs_valid[r];
        assign lf[r][0] = lhs_first[r];
        assign ll[r][0] = lhs_last[r];
        assign l[r][0] = lhs[r];
    end

    for (genvar c = 0; c < C; c++) begin : g_column
        logic [15:0] left;  // results of this column still to leave
        assign b[0][c] = rhs[c];
        assign d[0][c] = 0;
        assign hand_over[c] = lv[R-1][c] && ll[R-1][c];
        assign result_valid[c] = left != 0;
        assign result[c] = d[R][c];
        always_ff @(posedge clk)
            if (reset) left <= 0;
            else if (hand_over[c]) left <= 16'(R);
            else if (left != 0) left <= left - 1;
    end

    for (genvar r = 0; r < R; r++) begin : g_row
        for (genvar c = 0; c < C; c++) begin : g_pe
            os_pe #(
                .DRAIN (DRAIN),
                .BOTTOM(r == R - 1)
            ) pe (
                .clk,
                .reset,
                .lhs_valid(lv[r][c]),
                .lhs_first(lf[r][c]),
                .lhs_last(ll[r][c]),
                .lhs(l[r][c]),
                .lhs_valid_right(lv[r][c+1]),
                .lhs_first_right(lf[r][c+1]),
                .lhs_last_right(ll[r][c+1]),
                .lhs_right(l[r][c+1]),
                .rhs(b[r][c]),
                .rhs_below(b[r+1][c]),
                .shift(result_valid[c]),
                .hand_over(hand_over[c]),
                .result_above(d[r][c]),
                .result_below(d[r+1][c])
            );
        end
    end

    always_comb begin
        macs = 0;
        for (int r = 0; r < R; r++) for (int c = 0; c < C; c++) macs += 16'(lv[r][c]);
    end
endmodule
