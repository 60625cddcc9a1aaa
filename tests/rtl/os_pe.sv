// A processing element of the output-stationary array: it adds lhs x rhs to its accumulator in every
// cycle in which an lhs word stands at its left side. Tags ride with the first and last word of a
// tile. How results leave is its DRAIN:
//   0 serial  the accumulators of a column are the chain through which results go down
//   1 shift   a second register a PE takes the result; the second registers of a column are one
//             chain with one enable
//   2 double  a second register holds the result until the last row has its own; then the column
//             hands all of them to a chain that always moves
module os_pe #(
    parameter int DRAIN = 0,
    parameter bit BOTTOM = 0
) (
    input  logic               clk,
    input  logic               reset,
    input  logic               lhs_valid,
    input  logic               lhs_first,
    input  logic               lhs_last,
    input  logic signed [ 7:0] lhs,
    output logic               lhs_valid_right,
    output logic               lhs_first_right,
    output logic               lhs_last_right,
    output logic signed [ 7:0] lhs_right,
    input  logic signed [ 7:0] rhs,
    output logic signed [ 7:0] rhs_below,
    input  logic               shift,      // of the column: results move down
    input  logic               hand_over,  // of the column: the last row has its result
    input  logic signed [31:0] result_above,
    output logic signed [31:0] result_below
);
    logic signed [31:0] accumulator, sum;
    logic done;
    assign sum = (lhs_first ? 0 : accumulator) + 32'(lhs) * 32'(rhs);
    assign done = lhs_valid && lhs_last;

    if (DRAIN == 0) begin : g_serial
        always_ff @(posedge clk)
            if (lhs_valid) accumulator <= sum;
            else if (shift) accumulator <= result_above;
        assign result_below = accumulator;
        wire unused = &{1'b0, done, hand_over, BOTTOM};
    end else begin : g_second
        logic signed [31:0] chain;
        always_ff @(posedge clk) if (lhs_valid) accumulator <= sum;
        assign result_below = chain;
        if (DRAIN == 1) begin : g_shift
            always_ff @(posedge clk)
                if (done) chain <= sum;
                else if (shift) chain <= result_above;
            wire unused = &{1'b0, hand_over, BOTTOM};
        end else begin : g_double
            logic signed [31:0] held;
            always_ff @(posedge clk) begin
                if (done) held <= sum;
                if (hand_over) chain <= BOTTOM ? sum : held;
                else chain <= result_above;
            end
            wire unused = &{1'b0, shift};
        end
    end

    always_ff @(posedge clk) begin
        lhs_valid_right <= lhs_valid && !reset;
        lhs_first_right <= lhs_first;
        lhs_last_right <= lhs_last;
        lhs_right <= lhs;
        rhs_below <= rhs;
    end
endmodule
