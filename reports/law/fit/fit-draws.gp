# draws fit-draws.svg: gnuplot fit-draws.gp
reset
set encoding utf8
set terminal svg size 560,790 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'fit-draws.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'Coefficients go together' at screen 0.0214,0.9722 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
unset multiplot
set output
