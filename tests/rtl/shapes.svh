    // The shapes that are built, each with its three policies; lanes of the ports are for at most 8.
    localparam int SHAPES = 6;
    localparam int ROWS[SHAPES] = '{4, 8, 4, 3, 1, 8};
    localparam int COLS[SHAPES] = '{4, 4, 8, 5, 1, 8};
