// A processing element of the weight-stationary array: in every cycle in which an activation stands
// at its left side it adds activation x weight to the partial sum from above. How the next weight
// gets here is its LOAD:
//   0 serial  the weight registers of a column are the chain through which new weights come down
//   1 shift   a second register a PE; the second registers of a column are one chain
//   2 double  a second register, and weights travel beside it and stop at the row of their tag
// A swap tag rides with the first activation of a tile: from then on the second register's weight
// is used.
module ws_pe #(
    parameter int LOAD = 0,
    parameter int ROW = 0
) (
    input  logic               clk,
    input  logic               reset,
    input  logic               act_valid,
    input  logic               act_swap,
    input  logic signed [ 7:0] act,
    output logic               act_valid_right,
    output logic               act_swap_right,
    output logic signed [ 7:0] act_right,
    input  logic               w_valid,
    input  logic        [ 7:0] w_row,
    input  logic signed [ 7:0] w,
    output logic               w_valid_below,
    output logic        [ 7:0] w_row_below,
    output logic signed [ 7:0] w_below,
    input  logic signed [31:0] sum_above,
    output logic signed [31:0] sum_below
);
    logic signed [7:0] weight;

    if (LOAD == 0) begin : g_serial
        logic signed [7:0] held;
        always_ff @(posedge clk) if (w_valid) held <= w;
        assign weight = held;
        assign w_below = held;
    end else begin : g_second
        logic signed [7:0] shadow, active;
        assign weight = act_swap ? shadow : active;
        always_ff @(posedge clk) active <= weight;
        if (LOAD == 1) begin : g_shift
            always_ff @(posedge clk) if (w_valid) shadow <= w;
            assign w_below = shadow;
        end else begin : g_double
            always_ff @(posedge clk) begin
                if (w_valid && w_row == 8'(ROW)) shadow <= w;
                w_below <= w;
            end
        end
    end

    always_ff @(posedge clk) begin
        w_valid_below <= w_valid && !reset;
        w_row_below <= w_row;
        act_valid_right <= act_valid && !reset;
        act_swap_right <= act_swap;
        act_right <= act;
        if (act_valid) sum_below <= sum_above + 32'(act) * 32'(weight);
    end
endmodule
