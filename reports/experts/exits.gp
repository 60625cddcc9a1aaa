# draws exits.svg: gnuplot exits.gp
reset
set encoding utf8
set terminal svg size 560,470 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'exits.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'Early exit at inference' at screen 0.0214,0.9532 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$exits << EOD
NaN NaN
85.1765 -0.574845
92.6524 -0.145799
96.4884 -0.0483951
99.5618 -0.020267
101.968 -0.0127743
102.458 -0.00712415
104.607 -0.00454472
EOD
unset label
unset arrow
unset object
unset logscale
unset tics
set xtics nomirror out scale 0.5,0.25 offset 0,0.35 autofreq
set ytics nomirror out scale 0.5,0.25 autofreq
set autoscale
set grid xtics ytics linetype 1 linewidth 0.5 linecolor rgb '#7f7f7f' dashtype (1,3)
set lmargin at screen 0.1179
set rmargin at screen 0.9536
set tmargin at screen 0.8426
set bmargin at screen 0.2979
set label 'accuracy against the whole depth, points' at screen 0.0214,0.8766 left front
set label 'executed FLOP a token, % of the whole depth' at screen 0.5357,0.2000 center front
set xrange [83.1765:110.607]
set xtics 5
set yrange [-0.670833:0.0959876]
set ytics 0.1
set label '0.2' at first 85.1765,first -0.574845 left offset 0.5,-0.6 front
set label '0.4' at first 92.6524,first -0.145799 left offset 0.5,-0.6 front
set label '0.6' at first 96.4884,first -0.0483951 left offset 0.5,-0.6 front
set label '0.8' at first 99.5618,first -0.020267 left offset 0.5,-0.6 front
set label '0.95' at first 102.458,first -0.00712415 left offset 0.5,-0.6 front
set label '' at screen 0.0589,0.1404 point pointtype 7 pointsize 0.8 linecolor rgb '#0072b2'
set label 'leaves at this confidence' at screen 0.1000,0.1404 left front
plot NaN, \
  $exits using 1:2 with lines linewidth 1.6 linecolor rgb '#0072b2', \
  $exits using 1:2 with points pointtype 7 pointsize 0.8 linecolor rgb '#0072b2'
unset multiplot
set output
