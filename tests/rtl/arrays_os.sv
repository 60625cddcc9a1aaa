// Every output-stationary array of the bench, side by side: the one chosen by rows, cols and policy
// has the clock and drives the outputs; the others stand still.
module arrays_os (
    input  logic               clk,
    input  logic               reset,
    input  logic        [ 7:0] rows,
    input  logic        [ 7:0] cols,
    input  logic        [ 1:0] policy,
    output logic               known,         // there is such an array
    input  logic        [ 7:0] lhs_valid,
    input  logic        [ 7:0] lhs_first,
    input  logic        [ 7:0] lhs_last,
    input  logic signed [ 7:0] lhs      [8],
    input  logic signed [ 7:0] rhs      [8],
    output logic        [ 7:0] out_valid,
    output logic signed [31:0] out      [8],
    output logic        [15:0] macs
);
`include "shapes.svh"
    logic               here     [SHAPES*3];
    logic        [ 7:0] valid_of [SHAPES*3];
    logic signed [31:0] result_of[SHAPES*3][8];
    logic        [15:0] macs_of  [SHAPES*3];

    for (genvar i = 0; i < SHAPES * 3; i++) begin : g_array
        localparam int R = ROWS[i/3], C = COLS[i/3];
        logic signed [R-1:0][7:0] a;
        logic signed [C-1:0][7:0] b;
        logic [C-1:0] valid;
        logic signed [C-1:0][31:0] result;
        for (genvar r = 0; r < R; r++) begin : g_lhs
            assign a[r] = lhs[r];
        end
        for (genvar c = 0; c < C; c++) begin : g_rhs
            assign b[c] = rhs[c];
        end
        for (genvar c = 0; c < 8; c++) begin : g_out
            assign result_of[i][c] = c < C ? result[c%C] : 0;
        end
        assign here[i] = rows == 8'(R) && cols == 8'(C) && policy == 2'(i % 3);
        assign valid_of[i] = 8'(valid);
        sa_os #(
            .R(R),
            .C(C),
            .DRAIN(i % 3)
        ) array (
            .clk(clk && here[i]),
            .reset,
            .lhs_valid(lhs_valid[R-1:0]),
            .lhs_first(lhs_first[R-1:0]),
            .lhs_last(lhs_last[R-1:0]),
            .lhs(a),
            .rhs(b),
            .result_valid(valid),
            .result,
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
                for (int c = 0; c < 8; c++) out[c] = result_of[i][c];
            end
    end
endmodule
