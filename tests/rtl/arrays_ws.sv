// Every weight-stationary array of the bench, side by side: the one chosen by rows, cols and policy
// has the clock and drives the outputs; the others stand still.
module arrays_ws (
    input  logic               clk,
    input  logic               reset,
    input  logic        [ 7:0] rows,
    input  logic        [ 7:0] cols,
    input  logic        [ 1:0] policy,
    output logic               known,         // there is such an array
    input  logic        [ 7:0] act_valid,
    input  logic        [ 7:0] act_swap,
    input  logic signed [ 7:0] act      [8],
    input  logic        [ 7:0] w_valid,
    input  logic        [ 7:0] w_row    [8],
    input  logic signed [ 7:0] w        [8],
    output logic        [ 7:0] out_valid,
    output logic signed [31:0] out      [8],
    output logic        [15:0] macs
);
`include "shapes.svh"
    logic               here     [SHAPES*3];
    logic        [ 7:0] valid_of [SHAPES*3];
    logic signed [31:0] sum_of   [SHAPES*3][8];
    logic        [15:0] macs_of  [SHAPES*3];

    for (genvar i = 0; i < SHAPES * 3; i++) begin : g_array
        localparam int R = ROWS[i/3], C = COLS[i/3];
        logic signed [R-1:0][7:0] a;
        logic [C-1:0][7:0] row;
        logic signed [C-1:0][7:0] weight;
        logic [C-1:0] valid;
        logic signed [C-1:0][31:0] sum;
        for (genvar r = 0; r < R; r++) begin : g_row
            assign a[r] = act[r];
        end
        for (genvar c = 0; c < C; c++) begin : g_column
            assign row[c] = w_row[c];
            assign weight[c] = w[c];
        end
        for (genvar c = 0; c < 8; c++) begin : g_out
            assign sum_of[i][c] = c < C ? sum[c%C] : 0;
        end
        assign here[i] = rows == 8'(R) && cols == 8'(C) && policy == 2'(i % 3);
        assign valid_of[i] = 8'(valid);
        sa_ws #(
            .R(R),
            .C(C),
            .LOAD(i % 3)
        ) array (
            .clk(clk && here[i]),
            .reset,
            .act_valid(act_valid[R-1:0]),
            .act_swap(act_swap[R-1:0]),
            .act(a),
            .w_valid(w_valid[C-1:0]),
            .w_row(row),
            .w(weight),
            .sum_valid(valid),
            .sum,
            .macs(macs_of[i])
        );
    end

    always_comb begin
        known = 0;
        out_valid = 0;
        macs = 0;
        for (int c = 0; c < 8; c++) out[c] = 0;
        for (int i = 0; i < SHAPES * 3; i++)
            if (here[i]) begin
                known = 1;
                out_valid = valid_of[i];
                macs = macs_of[i];
                for (int c = 0; c < 8; c++) out[c] = sum_of[i][c];
            end
    end
endmodule
