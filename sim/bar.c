#include "sim/bar.h"

#include <math.h>

void sim_bar(double share, int columns, vsh_text *out)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int length = (int)lround(share * 8 * columns);

    for (int i = 0; i < length / 8; i++)
        vsh_text_add(out, "█");
    vsh_text_add(out, "%s", eighths[length > 0 || share <= 0 ? length % 8 : 1]);
}
